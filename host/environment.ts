/** Picks a few variables out of a process's environment; all others are never made into a string, for they hold secrets. */
import { useFile } from './proc-file.ts';

/** Variables that are read, and what for: names of services and of where they run, nothing that is a secret. */
export const variables = [
  'OTEL_SERVICE_NAME',
  'OTEL_RESOURCE_ATTRIBUTES',
  'SPRING_APPLICATION_NAME',
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  'DJANGO_SETTINGS_MODULE',
  'FLASK_APP',
  'KUBERNETES_SERVICE_HOST',
  'HOSTNAME',
  'POD_NAME',
  'POD_NAMESPACE',
] as const;

export type Variable = (typeof variables)[number];
export type Environment = Partial<Record<Variable, string>>;

/** Linux lets arguments and environment together be some MiB. */
const maxBytes = 2 * 1024 * 1024;
const maxValueBytes = 16 * 1024;

const wanted = new Map<string, Variable>(variables.map((name) => [name, name]));
const longestName = Math.max(...variables.map((name) => name.length));
const equals = 0x3d;

/** The selected variables as they were when the program was started; empty when they may not be read. */
export function readEnvironment(pid: number, proc = '/proc'): Environment {
  const read = useFile(`${proc}/${pid}/environ`, maxBytes, pickVariables);
  return typeof read === 'string' ? {} : read;
}

/** Entries are `NAME=value` and end with NUL. The first of two equal names counts, as for getenv(3). */
export function pickVariables(bytes: Buffer): Environment {
  const found: Environment = {};
  for (let at = 0; at < bytes.length; ) {
    let end = bytes.indexOf(0, at);
    if (end < 0) end = bytes.length;
    const name = nameAt(bytes, at, end);
    if (name !== undefined) {
      const value = at + name.length + 1;
      found[name] ??= kept(name, bytes.toString('utf8', value, Math.min(end, value + maxValueBytes)));
    }
    at = end + 1;
  }
  return found;
}

/** Of Java's options only those that name the service: others hold passwords of key stores. */
function kept(name: Variable, value: string): string {
  if (!name.startsWith('J')) return value;
  return (value.match(/(?:^|\s)-D(?:otel\.|spring\.application\.name=)\S*/g) ?? [])
    .map((option) => option.trim())
    .join(' ');
}

function nameAt(bytes: Buffer, start: number, end: number): Variable | undefined {
  const limit = Math.min(end, start + longestName + 1);
  for (let at = start; at < limit; at++) {
    if (bytes[at] === equals) return wanted.get(bytes.toString('latin1', start, at));
  }
  return undefined;
}
