/** Numbers and bytes as ASCII text, without a JavaScript object per value (doubles apart). */
import type { Bytes } from './bytes.ts';

export function writeAscii(out: Bytes, text: string): void {
  const at = out.reserve(text.length);
  for (let i = 0; i < text.length; i++) out.bytes[at + i] = text.charCodeAt(i);
  out.at = at + text.length;
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** The shortest text that reads back as the same double, as JavaScript writes it; minus zero is `-0`. */
export function doubleText(lo: number, hi: number): string {
  words[0] = lo;
  words[1] = hi;
  const value = float[0]!;
  return value === 0 && hi !== 0 ? '-0' : String(value);
}

/** A signed 64-bit number in decimal. */
export function writeInt64(out: Bytes, lo: number, hi: number): void {
  hi |= 0;
  if (hi < 0) {
    out.byte(0x2d);
    lo = -lo >>> 0;
    hi = ~hi + (lo === 0 ? 1 : 0);
  }
  writeUint64(out, lo >>> 0, hi >>> 0);
}

/** An unsigned 64-bit number in decimal: nine digits at a time by long division in 16-bit steps, which doubles hold. */
function writeUint64(out: Bytes, lo: number, hi: number): void {
  if (hi === 0 && lo < 1e9) {
    writeDigits(out, lo, 1);
    return;
  }
  const highest = Math.floor(hi / 1e9);
  let rest = hi - highest * 1e9;
  let step = rest * 0x10000 + (lo >>> 16);
  const upper = Math.floor(step / 1e9);
  rest = step - upper * 1e9;
  step = rest * 0x10000 + (lo & 0xffff);
  const lower = Math.floor(step / 1e9);
  const remainder = step - lower * 1e9;
  // upper and lower are below 2^16 each because their dividends are below 1e9 * 2^16.
  writeUint64(out, upper * 0x10000 + lower, highest);
  writeDigits(out, remainder, 9);
}

/** A number below 1e9 with at least `width` digits. */
function writeDigits(out: Bytes, value: number, width: number): void {
  let digits = width;
  for (let limit = 10 ** width; value >= limit && digits < 9; limit *= 10) digits++;
  const at = out.reserve(digits);
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = (value / 10) | 0;
    out.bytes[i] = 0x30 + value - tenth * 10;
    value = tenth;
  }
  out.at = at + digits;
}

const base64Letters = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

export function writeBase64(out: Bytes, b: Uint8Array, offset: number, length: number): void {
  let at = out.reserve(Math.ceil(length / 3) * 4);
  const to = out.bytes;
  for (let i = 0; i < length; i += 3) {
    const left = length - i;
    const triple =
      (b[offset + i]! << 16) | (left > 1 ? b[offset + i + 1]! << 8 : 0) | (left > 2 ? b[offset + i + 2]! : 0);
    to[at] = base64Letters[triple >>> 18]!;
    to[at + 1] = base64Letters[(triple >>> 12) & 63]!;
    to[at + 2] = left > 1 ? base64Letters[(triple >>> 6) & 63]! : 0x3d;
    to[at + 3] = left > 2 ? base64Letters[triple & 63]! : 0x3d;
    at += 4;
  }
  out.at = at;
}
