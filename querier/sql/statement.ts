/** A first look at typed SQL: says early and clearly what the store's read-only mode would refuse anyway. */
import { QueryError } from '../errors.ts';

const writing = new Set(
  'ALTER ATTACH BACKUP CREATE DELETE DETACH DROP EXCHANGE GRANT INSERT KILL MOVE OPTIMIZE RENAME REPLACE RESTORE REVOKE SET SYSTEM TRUNCATE UNDROP UPDATE USE'.split(
    ' ',
  ),
);

/** Throws `FORBIDDEN` when the statement begins like one that changes something. */
export function rejectWriting(sql: string): void {
  const word = firstWord(sql);
  if (!writing.has(word)) return;
  throw new QueryError(
    'FORBIDDEN',
    `Only reading is allowed here, and this statement begins with "${word}". ` +
      'Use SELECT, WITH, SHOW, DESCRIBE, EXPLAIN or EXISTS; to change the store, speak to ClickHouse itself.',
  );
}

/** The first word in capitals, comments skipped. */
function firstWord(sql: string): string {
  const text = sql.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
  return (/^[A-Za-z]+/.exec(text)?.[0] ?? '').toUpperCase();
}
