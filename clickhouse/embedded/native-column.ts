/**
 * Finds where a column of a Native block ends. A column is its types' prefixes, outer first, then its data:
 *
 * | type | prefix | data of n rows |
 * |---|---|---|
 * | fixed width | | n × width |
 * | String | | n × (varint length, bytes) |
 * | Nullable(T) | T's | n × 1, T's data of n rows |
 * | Array(T), Map(K, V), Nested | T's | n × u64 end offsets, T's data of as many rows as the last offset says |
 * | Tuple(T…) | each T's | each T's data of n rows |
 * | LowCardinality(T) | u64 version | until n rows: u64 flags, u64 key count, keys, u64 row count, indexes |
 */
import type { NativeType } from './native-type.ts';
import { StoreException } from './store-exception.ts';

/** A place in bytes; `at` may run past the end, which means that more bytes are needed. */
export interface Cursor {
  bytes: Buffer;
  at: number;
}

/** Moves the cursor behind the column; false when the bytes end before it does. */
export function skipColumn(cursor: Cursor, type: NativeType, rows: number): boolean {
  if (rows === 0) return true;
  skipPrefix(cursor, type);
  skipData(cursor, type, rows);
  return cursor.at <= cursor.bytes.length;
}

/** Reads a varint; NaN, with the cursor past the end, when the bytes end before it does. */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  while (cursor.at < cursor.bytes.length) {
    const byte = cursor.bytes[cursor.at++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
  cursor.at = Number.POSITIVE_INFINITY;
  return Number.NaN;
}

function skipPrefix(cursor: Cursor, layout: NativeType): void {
  switch (layout.kind) {
    case 'fixed':
    case 'string':
      return;
    case 'nullable':
    case 'array':
      skipPrefix(cursor, layout.inner);
      return;
    case 'tuple':
      for (const element of layout.elements) skipPrefix(cursor, element);
      return;
    case 'low_cardinality':
      cursor.at += 8;
      return;
    default:
      layout satisfies never;
  }
}

function skipData(cursor: Cursor, layout: NativeType, rows: number): void {
  switch (layout.kind) {
    case 'fixed':
      cursor.at += rows * layout.bytes;
      return;
    case 'string':
      skipStrings(cursor, rows);
      return;
    case 'nullable':
      cursor.at += rows;
      skipData(cursor, layout.inner, rows);
      return;
    case 'array': {
      if (rows === 0) return;
      const last = cursor.at + (rows - 1) * 8;
      cursor.at = last;
      const elements = readUInt64(cursor);
      skipData(cursor, layout.inner, elements);
      return;
    }
    case 'tuple':
      // An empty tuple still has a byte per row.
      if (layout.elements.length === 0) cursor.at += rows;
      for (const element of layout.elements) skipData(cursor, element, rows);
      return;
    case 'low_cardinality':
      skipLowCardinality(cursor, layout.keys, rows);
      return;
    default:
      layout satisfies never;
  }
}

function skipStrings(cursor: Cursor, rows: number): void {
  const { bytes } = cursor;
  let at = cursor.at;
  for (let row = 0; row < rows; row++) {
    const byte = bytes[at];
    if (byte < 0x80) {
      at += 1 + byte;
      continue;
    }
    cursor.at = at;
    const length = readVarint(cursor);
    at = cursor.at + length;
    if (!(at <= bytes.length)) {
      cursor.at = Number.POSITIVE_INFINITY;
      return;
    }
  }
  cursor.at = at;
}

const indexBytes = [1, 2, 4, 8];
const hasAdditionalKeys = 0x200;
const needsGlobalDictionary = 0x100;

function skipLowCardinality(cursor: Cursor, keys: NativeType, rows: number): void {
  for (let left = rows; left > 0; ) {
    const flags = readUInt64(cursor);
    if (Number.isNaN(flags)) return;
    const width = indexBytes[flags & 0xff];
    if (width === undefined || flags & needsGlobalDictionary) {
      throw new StoreException(
        117,
        'INCORRECT_DATA',
        `A LowCardinality column has flags 0x${flags.toString(16)}, which Native does not use`,
      );
    }
    if (flags & hasAdditionalKeys) skipData(cursor, keys, readUInt64(cursor));
    const count = readUInt64(cursor);
    if (!(count > 0)) {
      if (Number.isNaN(count)) return;
      throw new StoreException(117, 'INCORRECT_DATA', 'A LowCardinality column says that none of its rows follow');
    }
    cursor.at += count * width;
    left -= count;
  }
}

/** NaN, with the cursor past the end, when the bytes end before the number does. */
function readUInt64(cursor: Cursor): number {
  const { bytes, at } = cursor;
  if (!(at + 8 <= bytes.length)) {
    cursor.at = Number.POSITIVE_INFINITY;
    return Number.NaN;
  }
  cursor.at = at + 8;
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
