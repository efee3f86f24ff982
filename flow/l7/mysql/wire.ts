/**
 * Small pieces of the protocol: packet headers, length-encoded numbers, capability and status flags.
 *
 *   packet             length:3  sequence:1  payload            (a payload of 0xffffff bytes goes on in the next packet)
 *   compressed packet  length:3  sequence:1  length before compression:3 (0: it is not compressed)  payload of packets
 */
export const headerBytes = 4;
export const compressedHeaderBytes = 7;
export const longestPacket = 0xffffff;

export const capabilities = {
  connectWithDb: 0x8,
  compress: 0x20,
  protocol41: 0x200,
  ssl: 0x800,
  secureConnection: 0x8000,
  pluginAuth: 0x80000,
  lenencAuth: 0x200000,
  zstd: 0x4000000,
  queryAttributes: 0x8000000,
} as const;

export const moreResults = 0x0008;
export const cursorExists = 0x0040;

export function u16(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function u24(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
}

export function u32(bytes: Buffer, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Position after the number that {@link lenenc} read. */
export let lenencEnd = 0;

/** Reads a length-encoded number; -1 when it is not whole, or is no number. */
export function lenenc(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return -1;
  const first = bytes[at]!;
  if (first < 0xfb) {
    lenencEnd = at + 1;
    return first;
  }
  const size = first === 0xfc ? 2 : first === 0xfd ? 3 : first === 0xfe ? 8 : 0;
  lenencEnd = at + 1 + size;
  if (size === 0 || lenencEnd > end) return -1;
  if (size === 2) return u16(bytes, at + 1);
  if (size === 3) return u24(bytes, at + 1);
  return u32(bytes, at + 1) + u32(bytes, at + 5) * 0x1_0000_0000;
}

/** Bytes of the fixed-length types of binary values, by their type. */
const fixedLengths: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 6: 0, 8: 8, 9: 4, 13: 2 };

/** Length of a binary value at `at`, which begins at {@link lenencEnd} then; -1 when it is not whole. Texts, blobs and dates have a length before them. */
export function binaryValue(type: number, bytes: Buffer, at: number, end: number): number {
  const length = fixedLengths[type];
  if (length === undefined) return lenenc(bytes, at, end);
  lenencEnd = at;
  return at + length > end ? -1 : length;
}
