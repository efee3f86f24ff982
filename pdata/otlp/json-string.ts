/** The content of JSON strings as bytes: escapes, hex and base64, without making a JavaScript string. */

/**
 * Writes the characters of `[start, end)` of `b`, whose escapes are known to be valid, to `out` as UTF-8 and returns
 * their length, which is at most `end - start`. Half of a surrogate pair becomes U+FFFD.
 */
export function unescapeJson(b: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let q = 0;
  for (let p = start; p < end; p++) {
    const c = b[p]!;
    if (c !== 0x5c) {
      out[q++] = c;
      continue;
    }
    const letter = b[++p]!;
    if (letter !== 0x75) {
      out[q++] = letters[letter] ?? letter;
      continue;
    }
    let code = hex4(b, p + 1);
    p += 4;
    if (code >= 0xd800 && code < 0xe000) {
      const low = code < 0xdc00 && b[p + 1] === 0x5c && b[p + 2] === 0x75 && p + 6 < end ? hex4(b, p + 3) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      } else code = 0xfffd;
    }
    q = putCode(out, q, code);
  }
  return q;
}

/** Writes the bytes that the hex digits in `[start, end)` mean to `out`; returns their number, or -1 when it is no hex. */
export function decodeHex(b: Uint8Array, start: number, end: number, out: Uint8Array): number {
  if ((end - start) % 2 !== 0) return -1;
  let q = 0;
  for (let p = start; p < end; p += 2) {
    const high = hexDigit(b[p]!);
    const low = hexDigit(b[p + 1]!);
    if (high < 0 || low < 0) return -1;
    out[q++] = (high << 4) | low;
  }
  return q;
}

/**
 * Writes the bytes that the base64 text in `[start, end)` means to `out`; returns their number, or -1 when it is not
 * base64. Both alphabets are accepted and padding may be left out (protobuf's JSON mapping).
 */
export function decodeBase64(b: Uint8Array, start: number, end: number, out: Uint8Array): number {
  for (let padding = 0; padding < 2 && end > start && b[end - 1] === 0x3d; padding++) end--;
  if ((end - start) % 4 === 1) return -1;
  let q = 0;
  let bits = 0;
  let held = 0;
  for (let p = start; p < end; p++) {
    const digit = base64Digits[b[p]!]!;
    if (digit < 0) return -1;
    bits = (bits << 6) | digit;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[q++] = bits >> held;
      bits &= (1 << held) - 1;
    }
  }
  return q;
}

const letters: Record<number, number> = { 98: 0x08, 102: 0x0c, 110: 0x0a, 114: 0x0d, 116: 0x09 };

const base64Digits = new Int8Array(256).fill(-1);
for (const alphabet of ['+/', '-_']) {
  const digits = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${alphabet}`;
  for (let i = 0; i < 64; i++) base64Digits[digits.charCodeAt(i)] = i;
}

function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function hex4(b: Uint8Array, p: number): number {
  return (hexDigit(b[p]!) << 12) | (hexDigit(b[p + 1]!) << 8) | (hexDigit(b[p + 2]!) << 4) | hexDigit(b[p + 3]!);
}

function putCode(out: Uint8Array, q: number, code: number): number {
  if (code < 0x80) out[q++] = code;
  else if (code < 0x800) {
    out[q++] = 0xc0 | (code >> 6);
    out[q++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    out[q++] = 0xe0 | (code >> 12);
    out[q++] = 0x80 | ((code >> 6) & 0x3f);
    out[q++] = 0x80 | (code & 0x3f);
  } else {
    out[q++] = 0xf0 | (code >> 18);
    out[q++] = 0x80 | ((code >> 12) & 0x3f);
    out[q++] = 0x80 | ((code >> 6) & 0x3f);
    out[q++] = 0x80 | (code & 0x3f);
  }
  return q;
}
