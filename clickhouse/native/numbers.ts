/**
 * Columns of fixed width: numbers, times, ids, and arrays of them.
 *
 * ClickHouse and typed arrays are both little-endian (every platform Node runs on is), so most columns are one copy.
 * 64-bit numbers come as pairs of words, low word first, and need no change either.
 */
import { type Bytes, viewOf } from './bytes.ts';

type Numbers = Uint8Array | Int8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** The first `length` elements of `numbers` as they are. For pairs of words `length` is twice the rows. */
export function writeNumbers(out: Bytes, numbers: Numbers, length: number): void {
  const size = length * numbers.BYTES_PER_ELEMENT;
  const at = out.reserve(size);
  out.bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, size), at);
  out.at = at + size;
}

/** For each row the 32-bit number of its parent. */
export function writeNumbersOf(out: Bytes, numbers: Uint32Array | Int32Array, parent: Uint32Array, rows: number): void {
  let at = out.reserve(4 * rows);
  const b = out.bytes;
  for (let row = 0; row < rows; row++) {
    const value = numbers[parent[row]!]!;
    b[at] = value;
    b[at + 1] = value >>> 8;
    b[at + 2] = value >>> 16;
    b[at + 3] = value >>> 24;
    at += 4;
  }
  out.at = at;
}

/** For each row the byte of its parent. */
export function writeBytesOf(out: Bytes, numbers: Uint8Array, parent: Uint32Array, rows: number): void {
  const at = out.reserve(rows);
  for (let row = 0; row < rows; row++) out.bytes[at + row] = numbers[parent[row]!]!;
  out.at = at + rows;
}

/** The same 16-bit number in each row, as the day of a Date column. */
export function writeUint16(out: Bytes, value: number, rows: number): void {
  let at = out.reserve(2 * rows);
  for (let row = 0; row < rows; row++) {
    out.bytes[at++] = value;
    out.bytes[at++] = value >>> 8;
  }
  out.at = at;
}

/** `b - a` of two columns of 64-bit numbers, wrapping. */
export function writeDifferences(out: Bytes, a: Uint32Array, b: Uint32Array, rows: number): void {
  let at = out.reserve(8 * rows);
  const bytes = out.bytes;
  for (let i = 0; i < 2 * rows; i += 2) {
    const lo = b[i]! - a[i]!;
    const hi = b[i + 1]! - a[i + 1]! - (lo < 0 ? 1 : 0);
    bytes[at] = lo;
    bytes[at + 1] = lo >>> 8;
    bytes[at + 2] = lo >>> 16;
    bytes[at + 3] = lo >>> 24;
    bytes[at + 4] = hi;
    bytes[at + 5] = hi >>> 8;
    bytes[at + 6] = hi >>> 16;
    bytes[at + 7] = hi >>> 24;
    at += 8;
  }
  out.at = at;
}

/** Ids of `width` bytes, given by offset and length in the arena; a missing one is zeros. */
export function writeIds(out: Bytes, arena: Uint8Array, ids: Uint32Array, rows: number, width: 8 | 16): void {
  let at = out.reserve(width * rows);
  const source = viewOf(arena);
  const target = out.view;
  for (let row = 0; row < rows; row++) {
    const offset = ids[2 * row]!;
    if (ids[2 * row + 1] === width) {
      for (let i = 0; i < width; i += 8) target.setBigUint64(at + i, source.getBigUint64(offset + i));
    } else for (let i = 0; i < width; i += 4) target.setUint32(at + i, 0);
    at += width;
  }
  out.at = at;
}

/** The head of an Array or Map column: for each row the end of its elements, as UInt64. */
export function writeOffsets(out: Bytes, start: Uint32Array, rows: number): void {
  let at = out.reserve(8 * rows);
  const b = out.bytes;
  const base = start[0]!;
  for (let row = 1; row <= rows; row++) {
    const value = start[row]! - base;
    b[at] = value;
    b[at + 1] = value >>> 8;
    b[at + 2] = value >>> 16;
    b[at + 3] = value >>> 24;
    b[at + 4] = b[at + 5] = b[at + 6] = b[at + 7] = 0;
    at += 8;
  }
  out.at = at;
}

/** An Array of 64-bit numbers whose elements lie one after the other in `values`. */
export function writeArray64(out: Bytes, start: Uint32Array, values: Uint32Array, rows: number): void {
  writeOffsets(out, start, rows);
  writeNumbers(out, values, 2 * start[rows]!);
}

/** The null map of a Nullable column, then its values: `set` is 1 where there is a value. */
export function writeNullable64(out: Bytes, set: Uint8Array, values: Uint32Array, rows: number): void {
  const at = out.reserve(rows);
  for (let row = 0; row < rows; row++) out.bytes[at + row] = set[row] === 1 ? 0 : 1;
  out.at = at + rows;
  writeNumbers(out, values, 2 * rows);
}

/** For each row the 64-bit number of its parent. */
export function writePairsOf(out: Bytes, pairs: Uint32Array, parent: Uint32Array, rows: number): void {
  const gathered = new Uint32Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    gathered[2 * row] = pairs[2 * parent[row]!]!;
    gathered[2 * row + 1] = pairs[2 * parent[row]! + 1]!;
  }
  writeNumbers(out, gathered, 2 * rows);
}
