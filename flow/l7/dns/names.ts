/** Domain names on the wire (RFC 1035 §4.1.4): labels, and pointers to names that came before. */
import { interned, latin1 } from '../text.ts';

const longestName = 255;
/** A name of 255 bytes cannot have more labels; no more pointers than that are followed. */
const maxJumps = 128;

const scratch = Buffer.alloc(longestName * 4 + 4);

/** Position after the name that was read or skipped last. */
export let nameEnd = 0;

/**
 * The name at `at`, of a message in [message, end). Null when it is none: too long, cut off, a pointer that leads nowhere or in a circle.
 * A dot or backslash inside a label is written with a backslash, a byte that is no printable ASCII as \DDD (RFC 1035 §5.1).
 */
export function readName(bytes: Buffer, at: number, message: number, end: number): string | null {
  let length = 0;
  let total = 0;
  let jumps = 0;
  nameEnd = -1;
  while (at < end) {
    const size = bytes[at]!;
    if (size === 0) {
      if (nameEnd < 0) nameEnd = at + 1;
      if (length === 0) return '.';
      return length <= 64 ? interned.get(scratch, 0, length) : latin1(scratch, 0, length);
    }
    if (size >= 0xc0) {
      if (at + 1 >= end || ++jumps > maxJumps) return null;
      if (nameEnd < 0) nameEnd = at + 2;
      const target = message + (((size & 0x3f) << 8) | bytes[at + 1]!);
      if (target >= at) return null;
      at = target;
      continue;
    }
    total += size + 1;
    if (size >= 0x40 || total > longestName || at + size >= end) return null;
    if (length > 0) scratch[length++] = 0x2e;
    for (let index = at + 1; index <= at + size; index++) {
      const code = bytes[index]!;
      if (code === 0x2e || code === 0x5c) scratch[length++] = 0x5c;
      else if (code <= 0x20 || code >= 0x7f) {
        scratch[length++] = 0x5c;
        scratch[length++] = 0x30 + Math.floor(code / 100);
        scratch[length++] = 0x30 + (Math.floor(code / 10) % 10);
        scratch[length++] = 0x30 + (code % 10);
        continue;
      }
      scratch[length++] = code;
    }
    at += size + 1;
  }
  return null;
}

/** Position after the name at `at`; -1 when it is cut off. */
export function skipName(bytes: Buffer, at: number, end: number): number {
  while (at < end) {
    const size = bytes[at]!;
    if (size === 0) return at + 1;
    if (size >= 0xc0) return at + 2 <= end ? at + 2 : -1;
    if (size >= 0x40) return -1;
    at += size + 1;
  }
  return -1;
}
