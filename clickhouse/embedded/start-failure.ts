/** Why a storage process did not start, read from what it reported and from what the engine printed. */

export type StoreFailure = 'missing' | 'locked' | 'port' | 'permission' | 'disk_full' | 'other';

/** What the process knows of its failure; of a directory that it cannot open the engine only prints the reason. */
export interface FailureReport {
  kind: 'failed';
  message: string;
  /** `EACCES` and the like, when the system said it; `ENGINE` when there is no engine. */
  code: string | undefined;
}

const reasons: [reason: StoreFailure, codes: readonly string[], text: RegExp][] = [
  ['missing', ['ENGINE'], /^$/],
  ['port', ['EADDRINUSE'], /^$/],
  ['locked', [], /Code: 76\b|Cannot lock file/],
  ['disk_full', ['ENOSPC'], /No space left on device|Code: 243\b/],
  ['permission', ['EACCES', 'EPERM', 'EROFS'], /Permission denied|Read-only file system|Operation not permitted/],
];

/** The reason, and the message with what was printed. */
export function explainFailure(report: FailureReport, printed: string): { reason: StoreFailure; message: string } {
  const message = [report.message, printed.trim()].filter((part) => part !== '').join(': ');
  const found = reasons.find(
    ([, codes, text]) => (report.code !== undefined && codes.includes(report.code)) || text.test(message),
  );
  return { reason: found?.[0] ?? 'other', message };
}
