/** Attributes of profiles, which name keys and strings by index, as attributes of the common kind. */
import { AttributeTable, valueTypes } from '../../pdata/otlp/attributes.ts';
import type { ProfileColumns } from '../../pdata/otlp/profiles.gen.ts';
import { expansionBudget } from '../native/expansion.ts';
import { inRange } from './profile-frames.ts';

/** Attributes by row: row r has the entries `[start[r], start[r + 1])`. */
export interface ResolvedAttributes {
  table: AttributeTable;
  start: Uint32Array;
}

/** A table with names and strings in place of indexes into the string table. */
export function nameAttributes(table: AttributeTable, strings: Uint32Array): AttributeTable {
  const named = new AttributeTable(table.rows);
  for (let from = 0; from < table.rows; from++) {
    const row = named.add();
    const keyIndex = table.keyIndex === null ? 0 : table.keyIndex[from]!;
    if (keyIndex !== 0) setString(named.key, row, strings, keyIndex);
    else named.key.set(table.key.subarray(2 * from, 2 * from + 2), 2 * row);
    setValue(named, row, strings, table.type[from]!, table.value, from);
  }
  return named;
}

/** The attributes that each row points to. Rows past the expansion budget of the request have none. */
export function resolveAttributes(
  columns: ProfileColumns,
  strings: Uint32Array,
  rows: { rows: number; attributeIndicesStart: Uint32Array; attributeIndices: Int32Array },
): ResolvedAttributes {
  const { dictionaryAttributes: dictionary } = columns;
  const table = new AttributeTable(16);
  const start = new Uint32Array(rows.rows + 1);
  let budget = expansionBudget(columns.arena.length);
  for (let row = 0; row < rows.rows; row++) {
    for (let i = rows.attributeIndicesStart[row]!; i < rows.attributeIndicesStart[row + 1]! && budget > 0; i++) {
      const from = inRange(rows.attributeIndices[i]!, dictionary.rows);
      // Entry 0 is the empty attribute: an index that points nowhere is no attribute.
      if (from === 0) continue;
      const entry = table.add();
      setString(table.key, entry, strings, dictionary.keyStrindex[from]!);
      setValue(table, entry, strings, dictionary.valueType[from]!, dictionary.value, from);
      const isSlice = table.type[entry] === valueTypes.string || table.type[entry]! >= valueTypes.array;
      budget -= 16 + (isSlice ? table.value[2 * entry + 1]! : 0);
    }
    start[row + 1] = table.rows;
  }
  return { table, start };
}

function setString(pairs: Uint32Array, row: number, strings: Uint32Array, index: number): void {
  const from = 2 * inRange(index, strings.length / 2);
  pairs[2 * row] = strings[from]!;
  pairs[2 * row + 1] = strings[from + 1]!;
}

function setValue(
  table: AttributeTable,
  row: number,
  strings: Uint32Array,
  type: number,
  value: Uint32Array,
  from: number,
): void {
  if (type === valueTypes.stringIndex) {
    table.type[row] = valueTypes.string;
    setString(table.value, row, strings, value[2 * from]! | 0);
    return;
  }
  table.type[row] = type;
  table.value[2 * row] = value[2 * from]!;
  table.value[2 * row + 1] = value[2 * from + 1]!;
}
