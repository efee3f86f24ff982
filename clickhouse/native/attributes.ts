/** Attributes as ClickHouse columns: Map(LowCardinality(String), String), and the letters of the values' types. */
import { type AttributeTable, valueTypes } from '../../pdata/otlp/attributes.ts';
import type { Bytes } from './bytes.ts';
import { expansionBudget } from './expansion.ts';
import { writeOffsets } from './numbers.ts';
import { codeScratch, newDictionary, writeCodes, writeLowCardinalityPrefix } from './strings.ts';
import { writeValueText } from './value-text.ts';

/** Letter of each variant of AnyValue, by its field number; 8 (an index into a dictionary) is a string by then. */
export const typeLetters = Buffer.from('esbidamys');

/** A Map column with its prefix: row r has the attributes `[start[r], start[r + 1])` of the table. */
export function writeMap(out: Bytes, arena: Uint8Array, table: AttributeTable, start: Uint32Array, rows: number): void {
  writeLowCardinalityPrefix(out);
  writeOffsets(out, start, rows);
  writeEntries(out, arena, table, start[rows]!);
}

/** An Array(Map) column: row r has the elements `[start[r], start[r + 1])`, whose attributes `inner` tells. */
export function writeMapArray(
  out: Bytes,
  arena: Uint8Array,
  table: AttributeTable,
  start: Uint32Array,
  inner: Uint32Array,
  rows: number,
): void {
  writeLowCardinalityPrefix(out);
  writeOffsets(out, start, rows);
  writeOffsets(out, inner, start[rows]!);
  writeEntries(out, arena, table, inner[start[rows]!]!);
}

/** Keys and values of the first `entries` attributes. */
function writeEntries(out: Bytes, arena: Uint8Array, table: AttributeTable, entries: number): void {
  const keys = newDictionary(arena);
  const codes = codeScratch(entries);
  const { key, type, value } = table;
  for (let i = 0; i < entries; i++) codes[i] = keys.code(key[2 * i]!, key[2 * i + 1]!);
  writeCodes(out, arena, keys, codes, entries);
  for (let i = 0; i < entries; i++) writeValueText(out, arena, type[i]!, value[2 * i]!, value[2 * i + 1]!);
}

/**
 * A Map column that takes each row's attributes from its parent. Rows of one parent come in runs, so what was written
 * for the first row of a run is copied for the others.
 */
export function writeMapOf(
  out: Bytes,
  arena: Uint8Array,
  table: AttributeTable,
  start: Uint32Array,
  parent: Uint32Array,
  rows: number,
): void {
  writeLowCardinalityPrefix(out);
  const full = rowsWithinBudget(arena, table, start, parent, rows);
  let entries = 0;
  for (let row = 0; row < rows; row++) {
    const from = parent[row]!;
    if (row < full) entries += start[from + 1]! - start[from]!;
    out.uint64(entries);
  }
  const keys = newDictionary(arena);
  const codes = codeScratch(entries);
  const { key, type, value } = table;
  let n = 0;
  for (let row = 0; row < full; ) {
    const from = parent[row]!;
    const run = runLength(parent, row, full);
    const first = n;
    for (let i = start[from]!; i < start[from + 1]!; i++) codes[n++] = keys.code(key[2 * i]!, key[2 * i + 1]!);
    const width = n - first;
    for (let done = 1; done < run; done *= 2) {
      codes.copyWithin(first + done * width, first, first + Math.min(done, run - done) * width);
    }
    n = first + run * width;
    row += run;
  }
  writeCodes(out, arena, keys, codes, entries);
  for (let row = 0; row < full; ) {
    const from = parent[row]!;
    const run = runLength(parent, row, full);
    const first = out.at;
    for (let i = start[from]!; i < start[from + 1]!; i++) {
      writeValueText(out, arena, type[i]!, value[2 * i]!, value[2 * i + 1]!);
    }
    const size = out.at - first;
    out.reserve(size * (run - 1));
    for (let done = 1; done < run; done *= 2) {
      out.bytes.copyWithin(first + done * size, first, first + Math.min(done, run - done) * size);
    }
    out.at = first + run * size;
    row += run;
  }
}

/** How many rows can repeat their parent's attributes; see {@link expansionBudget}. For real data it is all of them. */
function rowsWithinBudget(
  arena: Uint8Array,
  table: AttributeTable,
  start: Uint32Array,
  parent: Uint32Array,
  rows: number,
): number {
  let budget = expansionBudget(arena.length);
  for (let row = 0; row < rows; ) {
    const from = parent[row]!;
    let size = 8;
    for (let i = start[from]!; i < start[from + 1]!; i++) {
      const isSlice = table.type[i] === valueTypes.string || table.type[i]! >= valueTypes.array;
      size += 16 + (isSlice ? table.value[2 * i + 1]! : 0);
    }
    const run = runLength(parent, row, rows);
    budget -= run * size;
    if (budget < 0) return row;
    row += run;
  }
  return rows;
}

function runLength(parent: Uint32Array, row: number, rows: number): number {
  const from = parent[row]!;
  let end = row + 1;
  while (end < rows && parent[end] === from) end++;
  return end - row;
}

/** A LowCardinality(String) column without its prefix: one letter per attribute of each row. */
export function writeTypes(out: Bytes, table: AttributeTable, start: Uint32Array, rows: number): void {
  const keys = newDictionary(table.type);
  const codes = codeScratch(rows);
  for (let row = 0; row < rows; row++) codes[row] = keys.code(start[row]!, start[row + 1]! - start[row]!);
  writeCodes(out, table.type, keys, codes, rows, typeLetters);
}

/** As {@link writeTypes}, each row's attributes being those of its parent. */
export function writeTypesOf(
  out: Bytes,
  table: AttributeTable,
  start: Uint32Array,
  parent: Uint32Array,
  rows: number,
): void {
  const keys = newDictionary(table.type);
  const codes = codeScratch(rows);
  let code = 0;
  for (let row = 0, before = -1; row < rows; row++) {
    const from = parent[row]!;
    if (from !== before) code = keys.code(start[from]!, start[from + 1]! - start[from]!);
    before = from;
    codes[row] = code;
  }
  writeCodes(out, table.type, keys, codes, rows, typeLetters);
}
