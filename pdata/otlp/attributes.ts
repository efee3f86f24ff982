/**
 * Attributes as columns, and their OTLP form (KeyValue and AnyValue), shared by all signals.
 *
 * This is the hottest code of the collector (a dozen attributes a span), so it is written by hand with a short cut for
 * the shape every SDK writes: one-byte lengths, key before value, a string value.
 */
import { type BackwardWriter, copyBytes, cursor, grown, readVarint, readWord, skipField } from './wire-format.ts';

/** AnyValue's variants by their field number, which is also what the `type` columns hold. */
export const valueTypes = {
  empty: 0,
  string: 1,
  bool: 2,
  int: 3,
  double: 4,
  array: 5,
  kvlist: 6,
  bytes: 7,
  stringIndex: 8,
} as const;

/** Values nested deeper than this are refused: the limit protobuf libraries use. */
export const maxDepth = 100;

/** Attributes of all rows of one table, one after the other; the table's `attributesStart` says whose is whose. */
export class AttributeTable {
  rows = 0;
  capacity: number;
  /** Attribute name: offset and length in the arena. */
  key: Uint32Array;
  /** Attribute name as an index into the profiles dictionary; null while no attribute has one. */
  keyIndex: Int32Array | null = null;
  /** Variant of the value, see {@link valueTypes}. */
  type: Uint8Array;
  /** String, bytes, array, kvlist: offset and length in the arena (array and kvlist undecoded). Others: low and high word. */
  value: Uint32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.key = new Uint32Array(2 * capacity);
    this.type = new Uint8Array(capacity);
    this.value = new Uint32Array(2 * capacity);
  }

  add(): number {
    if (this.rows === this.capacity) this.#grow();
    return this.rows++;
  }

  /** No rows again, in the same memory. */
  reset(): void {
    this.key.fill(0, 0, 2 * this.rows);
    this.type.fill(0, 0, this.rows);
    this.value.fill(0, 0, 2 * this.rows);
    this.keyIndex = null;
    this.rows = 0;
  }

  #grow(): void {
    const capacity = Math.max(16, this.capacity * 2);
    this.capacity = capacity;
    this.key = grown(this.key, 2 * capacity);
    if (this.keyIndex !== null) this.keyIndex = grown(this.keyIndex, capacity);
    this.type = grown(this.type, capacity);
    this.value = grown(this.value, 2 * capacity);
  }
}

/** Reads the checked KeyValue in `[p, end)` into a new row. */
export function readKeyValue(table: AttributeTable, b: Uint8Array, p: number, end: number): void {
  const row = table.add();
  if (b[p] === 0x0a) {
    const keyLength = b[p + 1]!;
    const v = p + 2 + keyLength;
    if (keyLength < 128 && v + 3 < end && b[v] === 0x12 && b[v + 1]! < 128 && v + 2 + b[v + 1]! === end) {
      table.key[2 * row] = p + 2;
      table.key[2 * row + 1] = keyLength;
      if (b[v + 2] === 0x0a && b[v + 3]! < 128 && v + 4 + b[v + 3]! === end) {
        table.type[row] = 1;
        table.value[2 * row] = v + 4;
        table.value[2 * row + 1] = b[v + 3]!;
      } else readAnyValue(table.type, table.value, row, b, v + 2, end);
      return;
    }
  }
  while (p < end) {
    const tag = readVarint(b, p);
    p = cursor.at;
    switch (tag) {
      case 0x0a: {
        const length = readVarint(b, p);
        table.key[2 * row] = cursor.at;
        table.key[2 * row + 1] = length;
        p = cursor.at + length;
        break;
      }
      case 0x12: {
        const length = readVarint(b, p);
        p = cursor.at + length;
        readAnyValue(table.type, table.value, row, b, cursor.at, p);
        break;
      }
      case 0x18:
        table.keyIndex ??= new Int32Array(table.capacity);
        table.keyIndex[row] = readVarint(b, p);
        p = cursor.at;
        break;
      default:
        p = skipField(b, p, tag);
    }
  }
}

/** Reads the checked AnyValue in `[p, end)` into row `row` of a type and a value column. The last variant wins. */
export function readAnyValue(
  type: Uint8Array,
  value: Uint32Array,
  row: number,
  b: Uint8Array,
  p: number,
  end: number,
): void {
  while (p < end) {
    const tag = readVarint(b, p);
    p = cursor.at;
    switch (tag) {
      case 0x0a:
      case 0x2a:
      case 0x32:
      case 0x3a: {
        const length = readVarint(b, p);
        value[2 * row] = cursor.at;
        value[2 * row + 1] = length;
        p = cursor.at + length;
        break;
      }
      case 0x10: {
        const lo = readVarint(b, p);
        value[2 * row] = lo !== 0 || cursor.hi !== 0 ? 1 : 0;
        value[2 * row + 1] = 0;
        p = cursor.at;
        break;
      }
      case 0x18:
      case 0x40:
        value[2 * row] = readVarint(b, p);
        value[2 * row + 1] = cursor.hi;
        p = cursor.at;
        break;
      case 0x21:
        value[2 * row] = readWord(b, p);
        value[2 * row + 1] = readWord(b, p + 4);
        p += 8;
        break;
      default:
        p = skipField(b, p, tag);
        continue;
    }
    type[row] = tag >>> 3;
  }
}

/** Writes rows `[from, to)` as KeyValue fields of tag `tag`. */
export function writeKeyValues(
  w: BackwardWriter,
  arena: Uint8Array,
  table: AttributeTable,
  from: number,
  to: number,
  tag: number,
): void {
  for (let row = to - 1; row >= from; row--) {
    if (writeShortString(w, arena, table, row, tag)) continue;
    const mark = w.length;
    const index = table.keyIndex === null ? 0 : table.keyIndex[row]!;
    if (index !== 0) {
      w.varint(index);
      w.varint(0x18);
    }
    if (table.type[row] !== 0) {
      const valueMark = w.length;
      writeAnyValue(w, arena, table.type[row]!, table.value[2 * row]!, table.value[2 * row + 1]!);
      w.close(0x12, valueMark);
    }
    if (table.key[2 * row + 1] !== 0) w.slice(0x0a, arena, table.key[2 * row]!, table.key[2 * row + 1]!);
    w.close(tag, mark);
  }
}

/** The common attribute, a short string under a short key, with one reservation instead of eight; false when it is another. */
function writeShortString(
  w: BackwardWriter,
  arena: Uint8Array,
  table: AttributeTable,
  row: number,
  tag: number,
): boolean {
  const keyLength = table.key[2 * row + 1]!;
  const valueLength = table.value[2 * row + 1]!;
  const size = keyLength + valueLength + 6;
  if (table.type[row] !== valueTypes.string || keyLength === 0 || size > 127 || tag > 127 || table.keyIndex !== null)
    return false;
  let p = w.reserve(size + 2);
  const b = w.bytes;
  b[p] = tag;
  b[p + 1] = size;
  b[p + 2] = 0x0a;
  b[p + 3] = keyLength;
  p += 4;
  copyBytes(arena, table.key[2 * row]!, b, p, keyLength);
  p += keyLength;
  b[p] = 0x12;
  b[p + 1] = valueLength + 2;
  b[p + 2] = 0x0a;
  b[p + 3] = valueLength;
  copyBytes(arena, table.value[2 * row]!, b, p + 4, valueLength);
  return true;
}

/** Writes the content of an AnyValue: `lo` and `hi` as the value columns hold them. */
export function writeAnyValue(w: BackwardWriter, arena: Uint8Array, type: number, lo: number, hi: number): void {
  switch (type) {
    case valueTypes.empty:
      return;
    case valueTypes.bool:
      w.varint(lo);
      w.varint(0x10);
      return;
    case valueTypes.int:
    case valueTypes.stringIndex:
      w.varint64(lo, hi);
      w.varint((type << 3) | 0);
      return;
    case valueTypes.double:
      w.word64(lo, hi);
      w.varint(0x21);
      return;
    default:
      w.slice((type << 3) | 2, arena, lo, hi);
  }
}
