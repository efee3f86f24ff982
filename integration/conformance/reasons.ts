/** Where the capture itself says other than the expected file: each difference with its reason. They count as skipped. */
import type { Difference } from './differences.ts';

interface Reason {
  file: string;
  /** What is said of the difference: `where key`, or the beginning of it. */
  difference: string;
  reason: string;
}

const lateClock =
  'the file counts from the frame of a later request of the pipeline; the key that this answers was asked for one frame before';
const leftOut =
  'the answer is in the capture (a PREPARE OK with a statement id, whole, in one frame) and the file leaves it out';

const reasons: readonly Reason[] = [
  ...[27, 72, 84, 96].map((message) => ({
    file: 'memcached/memcached-userdata',
    difference: `message ${message} rrtUs`,
    reason: lateClock,
  })),
  { file: 'mysql/mysql-statement', difference: 'surplus message, flow 9 s2c message', reason: leftOut },
  { file: 'mysql/mysql-statement', difference: 'surplus message, flow 3 s2c message', reason: leftOut },
  { file: 'mysql/mysql-statement', difference: 'file messages.length', reason: leftOut },
];

/** Why this difference is right; undefined when it is none that is known. */
export function reasonFor(file: string, { where, key }: Difference): string | undefined {
  return reasons.find((entry) => entry.file === file && entry.difference === `${where} ${key}`)?.reason;
}
