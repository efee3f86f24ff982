/** Names of OTLP severity numbers, and a sign for each so that colour is not the only mark. */

export type SeverityName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'unknown';

const names: readonly SeverityName[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

export function severityName(number: number): SeverityName {
  return number >= 1 && number <= 24 ? names[Math.floor((number - 1) / 4)]! : 'unknown';
}

export const severitySigns: Readonly<Record<SeverityName, string>> = {
  trace: '·',
  debug: '·',
  info: '',
  warn: '△',
  error: '⚠',
  fatal: '✖',
  unknown: '',
};
