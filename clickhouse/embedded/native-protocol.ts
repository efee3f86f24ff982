/** stub for the slice */
import type { Readable } from 'node:stream';
export function createBlockFramer(rows: Readable): AsyncIterable<Buffer> {
  return rows;
}
export function createBlockUnframer(body: Readable): Readable {
  return body;
}
