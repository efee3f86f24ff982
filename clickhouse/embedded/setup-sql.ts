/** The statements that prepare a connection for a request: limits, database, settings, parameters. */
import { identifier, literal } from '../quote.ts';
import type { QueryRequest } from './query-request.ts';
import { StoreException } from './store-exception.ts';

/** Limits of statements that read, unless the request sets them itself: setting name → value. */
export type ReadLimits = Readonly<Record<string, string>>;

export function writeSetup(request: QueryRequest, limits: ReadLimits): string {
  const statements: string[] = [];
  if (request.database !== undefined) statements.push(`USE ${identifier(request.database)}`);
  const own = new Set(request.settings.map(([name]) => name));
  const settings = [...Object.entries(limits).filter(([name]) => !own.has(name)), ...request.settings];
  if (settings.length > 0) {
    statements.push(`SET ${settings.map(([name, value]) => `${checkName(name)} = ${literal(value)}`).join(', ')}`);
  }
  for (const [name, value] of request.parameters) {
    statements.push(`SET param_${checkName(name)} = ${literal(value)}`);
  }
  if (request.readOnly && !own.has('readonly')) statements.push('SET readonly = 2');
  return statements.map((statement) => `${statement}; `).join('');
}

function checkName(name: string): string {
  if (/^\w+$/.test(name)) return name;
  throw new StoreException(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`);
}
