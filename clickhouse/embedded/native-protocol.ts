/**
 * Turns Native blocks of the engine into those that clients want which send `client_protocol_version`, as clickhouse-go
 * (54460) and clickhouse-connect (54405) do. Theirs have more (NativeWriter.cpp); blocks of inserts never have it:
 *
 * | from version | where | bytes |
 * |---|---|---|
 * | 1 | before each block | BlockInfo: `01` is_overflows `00`, `02` bucket number `ff ff ff ff`, `00` |
 * | 54454 | behind each column's type | `00`: no custom serialization |
 */
import type { Readable } from 'node:stream';
import { type Cursor, readVarint, skipColumn } from './native-column.ts';
import { parseNativeType } from './native-type.ts';
import { StoreException } from './store-exception.ts';

const blockInfo = Buffer.from('010002ffffffff00', 'hex');
/** DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION */
const versionWithSerialization = 54_454;
const defaultSerialization = Buffer.from([0]);

/** Throws a {@link StoreException} when a column is of a type that cannot be walked, or the blocks are cut off. */
export async function* frameBlocks(rows: Readable, protocolVersion: number): AsyncGenerator<Buffer> {
  const input = createWindow(rows);
  while (await input.hasMore()) {
    yield blockInfo;
    const header = await input.take((cursor) => ({ columns: readVarint(cursor), rows: readVarint(cursor) }));
    yield header.bytes;
    for (let i = 0; i < header.value.columns; i++) {
      const declaration = await input.take(readDeclaration);
      yield declaration.bytes;
      if (protocolVersion >= versionWithSerialization) yield defaultSerialization;
      const type = parseNativeType(declaration.value);
      const data = await input.take((cursor) => skipColumn(cursor, type, header.value.rows));
      yield data.bytes;
    }
  }
}

/** Name and type of a column; returns the type. */
function readDeclaration(cursor: Cursor): string {
  const nameLength = readVarint(cursor);
  cursor.at += nameLength;
  const length = readVarint(cursor);
  const start = cursor.at;
  cursor.at = start + length;
  return cursor.at <= cursor.bytes.length ? cursor.bytes.toString('utf8', start, cursor.at) : '';
}

interface Window {
  hasMore(): Promise<boolean>;
  /** Runs `read` once enough bytes are there, again when they were not, and hands over the bytes it passed. */
  take<T>(read: (cursor: Cursor) => T): Promise<{ value: T; bytes: Buffer }>;
}

/** The bytes of a stream that are not consumed yet. */
function createWindow(source: Readable): Window {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let pending: Buffer = Buffer.alloc(0);
  let ended = false;

  /** Reads until there is twice as much, so that a long column is walked a few times at most. */
  async function readMore(): Promise<void> {
    const parts = [pending];
    for (let wanted = Math.max(pending.length, 1); wanted > 0 && !ended; ) {
      const next = await chunks.next();
      if (next.done) {
        ended = true;
        break;
      }
      wanted -= parts[parts.push(next.value) - 1].length;
    }
    pending = Buffer.concat(parts);
  }

  return {
    async hasMore() {
      if (pending.length === 0 && !ended) await readMore();
      return pending.length > 0;
    },
    async take(read) {
      for (;;) {
        const cursor: Cursor = { bytes: pending, at: 0 };
        const value = read(cursor);
        if (cursor.at <= pending.length) {
          const bytes = pending.subarray(0, cursor.at);
          pending = pending.subarray(cursor.at);
          return { value, bytes };
        }
        if (ended) throw new StoreException(33, 'CANNOT_READ_ALL_DATA', 'The last Native block is cut off');
        await readMore();
      }
    },
  };
}
