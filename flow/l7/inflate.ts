/** Undoes the compression of one packet, with bounds: the sender says how long it will be, and may lie. */
import { constants, inflateSync, zstdDecompressSync } from 'node:zlib';

/** A packet that claims more is not inflated as a whole: only what its first bytes give. */
const longestWhole = 1024 * 1024;
const headOfLonger = 2048;
/** No input of `headOfLonger` bytes gives more: deflate's limit is 1032 to 1; zstd has none, so it may fail here. */
const longestHead = headOfLonger * 1032 + 1024;
const zstdMagic = 0xfd2fb528;

/** Whether this looks like the beginning of zlib or zstd data. */
export function looksCompressed(bytes: Buffer, at: number, end: number): boolean {
  if (end - at < 4) return false;
  if ((bytes[at]! & 0x0f) === 8 && ((bytes[at]! << 8) | bytes[at + 1]!) % 31 === 0) return true;
  return bytes.readUInt32LE(at) === zstdMagic;
}

/** The bytes that come out, as far as they are there; null when it is no compressed data. At most `claimed` bytes. */
export function inflate(bytes: Buffer, start: number, end: number, claimed: number): Buffer | null {
  if (!looksCompressed(bytes, start, end)) return null;
  const whole = claimed <= longestWhole;
  const data = bytes.subarray(start, whole ? end : Math.min(end, start + headOfLonger));
  const maxOutputLength = whole ? Math.max(1, claimed) : longestHead;
  try {
    return bytes[start] === 0x28 && bytes[start + 1] === 0xb5
      ? zstdDecompressSync(data, { maxOutputLength, finishFlush: constants.ZSTD_e_flush })
      : inflateSync(data, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return null;
  }
}
