/** Finds the beginning of an answer after lost bytes: packets that are numbered from 1, the first of which begins an answer. */
import { startsWith } from '../text.ts';
import { headerBytes, u16, u24 } from './wire.ts';

/** So many packets in a row are no coincidence. */
const enoughPackets = 4;

/** Whether the packets at `start` are numbered from 1 as far as they go, and end where the window ends or are enough. */
export function beginsAnswer(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  for (let sequence = 1; sequence <= enoughPackets; sequence++) {
    if (at + headerBytes + 1 > end || bytes[at + 3] !== sequence) return false;
    const next = at + headerBytes + u24(bytes, at);
    if (next === at + headerBytes) return false;
    if (sequence === 1 && !isFirst(bytes, at + headerBytes, Math.min(next, end), next)) return false;
    if (sequence === 2 && !isSecond(bytes, start, at + headerBytes, end)) return false;
    if (next === end) return true;
    // A packet that is cut is no proof of itself.
    if (next > end) return sequence > 2;
    at = next;
  }
  return true;
}

/** OK, error, or a number of columns, behind which MariaDB says whether their definitions follow. */
function isFirst(bytes: Buffer, at: number, end: number, next: number): boolean {
  const length = next - at;
  const first = bytes[at]!;
  if (first === 0x00) return length >= 7 && length < 1024;
  if (first === 0xff) return length >= 4 && length < 1024 && end - at >= 3 && u16(bytes, at + 1) >= 1000;
  if (first === 0xfc) return length === 3 || length === 4;
  return first < 0xfb && (length === 1 || (length === 2 && at + 1 < end && bytes[at + 1]! <= 1));
}

/** Behind a number of columns: the first definition, which begins with the catalog `def`; none where MariaDB leaves them out. */
function isSecond(bytes: Buffer, start: number, at: number, end: number): boolean {
  const first = bytes[start + headerBytes]!;
  if (first === 0x00 || first === 0xff) return true;
  if (u24(bytes, start) === 2 && bytes[start + headerBytes + 1] === 0) return true;
  return startsWith(bytes, at, end, '\x03def');
}
