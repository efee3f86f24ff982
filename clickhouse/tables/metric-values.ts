/** Values of number points and exemplars, which are doubles or integers, as two columns. */
import type { Bytes } from '../native/bytes.ts';

/** The oneof of NumberDataPoint and Exemplar has different numbers for the double (4, 3) and the same for the int (6). */
const intCase = 6;
/** Letter of each variant of the value by its field number. */
export const valueLetters = Buffer.from('eeeddeie');

/** Each value as a double, the nearest one when it is an integer; 0 when there is none. */
export function writeDoubles(out: Bytes, valueCase: Uint8Array, value: Uint32Array, rows: number): void {
  const at = out.reserve(8 * rows);
  const view = new DataView(out.bytes.buffer, out.bytes.byteOffset + at, 8 * rows);
  for (let row = 0; row < rows; row++) {
    const lo = value[2 * row]!;
    const hi = value[2 * row + 1]!;
    if (valueCase[row] === intCase) view.setFloat64(8 * row, signedDouble(lo, hi), true);
    else {
      const set = valueCase[row] !== 0;
      view.setUint32(8 * row, set ? lo : 0, true);
      view.setUint32(8 * row + 4, set ? hi : 0, true);
    }
  }
  out.at = at + 8 * rows;
}

/** The exact value of each integer; 0 for others. */
export function writeIntegers(out: Bytes, valueCase: Uint8Array, value: Uint32Array, rows: number): void {
  const at = out.reserve(8 * rows);
  const view = new DataView(out.bytes.buffer, out.bytes.byteOffset + at, 8 * rows);
  for (let row = 0; row < rows; row++) {
    const set = valueCase[row] === intCase;
    view.setUint32(8 * row, set ? value[2 * row]! : 0, true);
    view.setUint32(8 * row + 4, set ? value[2 * row + 1]! : 0, true);
  }
  out.at = at + 8 * rows;
}

/** The nearest double of a signed 64-bit integer. */
export function signedDouble(lo: number, hi: number): number {
  return (hi | 0) * 0x1_0000_0000 + lo;
}
