/**
 * Columns of strings that are slices of the arena: String and LowCardinality(String), also inside Array.
 *
 * LowCardinality in the Native format: before the column's data `u64 1`, the version; then per block
 * `u64 flags, u64 keys, keys, u64 rows, codes`, and nothing at all for no rows. Flags: bits 0-7 width of a code
 * (0 u8, 1 u16, 2 u32), bit 9 the keys are here, bit 10 they replace earlier ones. Key 0 is the empty string.
 */
import { type Bytes, copy, viewOf } from './bytes.ts';
import { Dictionary } from './dictionary.ts';

/** A String column from offset and length pairs. */
export function writeStrings(out: Bytes, arena: Uint8Array, strings: Uint32Array, rows: number): void {
  const source = viewOf(arena);
  for (let row = 0; row < rows; row++) writeString(out, source, strings[2 * row]!, strings[2 * row + 1]!);
}

/** A String column that takes each row's string from its parent. */
export function writeStringsOf(
  out: Bytes,
  arena: Uint8Array,
  strings: Uint32Array,
  parent: Uint32Array,
  rows: number,
): void {
  const source = viewOf(arena);
  for (let row = 0; row < rows; row++) {
    const from = 2 * parent[row]!;
    writeString(out, source, strings[from]!, strings[from + 1]!);
  }
}

export function writeString(out: Bytes, source: DataView, offset: number, length: number): void {
  let at = out.reserve(length + 5);
  const b = out.bytes;
  let rest = length;
  while (rest > 127) {
    b[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  b[at++] = rest;
  copy(out, at, source, offset, length);
  out.at = at + length;
}

/** What comes before the data of a column that has LowCardinality somewhere in its type. */
export function writeLowCardinalityPrefix(out: Bytes): void {
  out.uint64(1);
}

const dictionary = new Dictionary();
let scratch = new Uint32Array(4096);

/** Room for the codes of one column; good until the next call. */
export function codeScratch(length: number): Uint32Array {
  if (scratch.length < length) scratch = new Uint32Array(Math.max(length, 2 * scratch.length));
  return scratch;
}

/** The dictionary of the column at hand; good until the next call. */
export function newDictionary(arena: Uint8Array): Dictionary {
  dictionary.reset(arena);
  return dictionary;
}

/** A LowCardinality(String) column without its prefix, from offset and length pairs. */
export function writeLowCardinality(out: Bytes, arena: Uint8Array, strings: Uint32Array, rows: number): void {
  const keys = newDictionary(arena);
  const codes = codeScratch(rows);
  for (let row = 0; row < rows; row++) codes[row] = keys.code(strings[2 * row]!, strings[2 * row + 1]!);
  writeCodes(out, arena, keys, codes, rows);
}

/** A LowCardinality(String) column without its prefix that takes each row's string from its parent. */
export function writeLowCardinalityOf(
  out: Bytes,
  arena: Uint8Array,
  strings: Uint32Array,
  parent: Uint32Array,
  rows: number,
): void {
  const keys = newDictionary(arena);
  const codes = codeScratch(rows);
  let code = 0;
  for (let row = 0, before = -1; row < rows; row++) {
    const from = parent[row]!;
    if (from !== before) code = keys.code(strings[2 * from]!, strings[2 * from + 1]!);
    before = from;
    codes[row] = code;
  }
  writeCodes(out, arena, keys, codes, rows);
}

/** Dictionary and codes of a LowCardinality(String) column. `letters` translates the bytes of the keys, if given. */
export function writeCodes(
  out: Bytes,
  arena: Uint8Array,
  keys: Dictionary,
  codes: Uint32Array,
  rows: number,
  letters?: Uint8Array,
): void {
  if (rows === 0) return;
  const width = keys.size <= 0x100 ? 0 : keys.size <= 0x10000 ? 1 : 2;
  out.uint64(0x600 | width);
  out.uint64(keys.size);
  out.byte(0);
  const source = viewOf(arena);
  for (let code = 1; code < keys.size; code++) {
    const length = keys.entries[2 * code + 1]!;
    writeString(out, source, keys.entries[2 * code]!, length);
    if (letters) for (let i = out.at - length; i < out.at; i++) out.bytes[i] = letters[out.bytes[i]!]!;
  }
  out.uint64(rows);
  let at = out.reserve(rows << width);
  const b = out.bytes;
  if (width === 0) for (let row = 0; row < rows; row++) b[at++] = codes[row]!;
  else if (width === 1) {
    for (let row = 0; row < rows; row++) {
      const code = codes[row]!;
      b[at++] = code;
      b[at++] = code >>> 8;
    }
  } else {
    for (let row = 0; row < rows; row++) {
      const code = codes[row]!;
      b[at++] = code;
      b[at++] = code >>> 8;
      b[at++] = code >>> 16;
      b[at++] = code >>> 24;
    }
  }
  out.at = at;
}
