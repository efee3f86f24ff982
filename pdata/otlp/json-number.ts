/** Decimal text, as it stands in JSON numbers and strings, into 64-bit integers and doubles. */

/** Results of {@link parseInteger}: the magnitude as two unsigned 32-bit words, and the sign. */
export const integer = { lo: 0, hi: 0, negative: false };

/**
 * Reads the integer written in `[start, end)` of `b` into {@link integer}; false when the text is no integer or its
 * magnitude is 2^64 or more. As protobuf's JSON mapping allows, `1.0` and `1e3` are integers.
 */
export function parseInteger(b: Uint8Array, start: number, end: number): boolean {
  let p = start;
  const negative = b[p] === 0x2d;
  if (negative) p++;
  const first = p;
  while (b[p] === 0x30 && p + 1 < end) p++;
  // The last nine digits and those before them, so that each part is exact in a double.
  const split = Math.max(p, end - 9);
  if (end <= first || split - p > 11) return parseScientific(b, start, end);
  let high = 0;
  let low = 0;
  for (; p < split; p++) {
    const digit = b[p]! - 0x30;
    if (digit < 0 || digit > 9) return parseScientific(b, start, end);
    high = high * 10 + digit;
  }
  for (; p < end; p++) {
    const digit = b[p]! - 0x30;
    if (digit < 0 || digit > 9) return parseScientific(b, start, end);
    low = low * 10 + digit;
  }
  return setInteger(high, low, negative);
}

/** The double written in `text`, or NaN with `ok` false; see {@link real}. */
export function parseReal(text: string): boolean {
  if (text === 'NaN') real.value = Number.NaN;
  else if (text === 'Infinity') real.value = Number.POSITIVE_INFINITY;
  else if (text === '-Infinity') real.value = Number.NEGATIVE_INFINITY;
  else if (jsonNumber.test(text)) {
    real.value = Number(text);
    return Number.isFinite(real.value);
  } else return false;
  return true;
}

/** Result of {@link parseReal}. */
export const real = { value: 0 };

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** `high * 10^9 + low` as words; false when that is 2^64 or more. */
function setInteger(high: number, low: number, negative: boolean): boolean {
  // The lower 16 bits of `high` and the rest are multiplied apart: each product stays below 2^53.
  const lower = (high % 65536) * 1e9 + low;
  const upper = Math.floor(high / 65536) * 1e9;
  const lo = (upper % 65536) * 65536 + (lower % 4294967296);
  const hi = Math.floor(upper / 65536) + Math.floor(lower / 4294967296) + (lo >= 4294967296 ? 1 : 0);
  integer.lo = lo >>> 0;
  integer.hi = hi >>> 0;
  integer.negative = negative && (lo !== 0 || hi !== 0);
  return hi < 4294967296;
}

/** Integers with a fraction of zeros or an exponent: rare, so by text. */
function parseScientific(b: Uint8Array, start: number, end: number): boolean {
  if (end - start > 64) return false;
  const text = Buffer.from(b.buffer, b.byteOffset + start, end - start).toString('latin1');
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return false;
  const fraction = match[3] ?? '';
  const digits = (match[2]! + fraction).replace(/^0+/, '');
  if (digits === '') return setInteger(0, 0, false);
  const shift = Number(match[4] ?? 0) - fraction.length;
  let whole: string;
  if (shift >= 0) {
    if (digits.length + shift > 20) return false;
    whole = digits + '0'.repeat(shift);
  } else {
    if (-shift >= digits.length || /[^0]/.test(digits.slice(shift))) return false;
    whole = digits.slice(0, shift);
  }
  if (whole.length > 20) return false;
  return setInteger(Number(whole.slice(0, -9)), Number(whole.slice(-9)), match[1] === '-');
}
