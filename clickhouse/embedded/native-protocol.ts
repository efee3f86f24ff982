/**
 * Translates Native blocks between the engine's form and that of clients which send `client_protocol_version`, as
 * clickhouse-go does over HTTP. Theirs has two things more (NativeReader.cpp, NativeWriter.cpp):
 *
 * | where | bytes |
 * |---|---|
 * | before each block | BlockInfo: `01` is_overflows `00`, `02` bucket number `ff ff ff ff`, `00` |
 * | behind each column's type | `00`, or `01` and the kinds of a custom serialization |
 */
import { Readable } from 'node:stream';
import { type Cursor, readVarint, skipColumn } from './native-column.ts';
import { parseNativeType } from './native-type.ts';
import { StoreException } from './store-exception.ts';

const blockInfo = Buffer.from('010002ffffffff00', 'hex');
const defaultSerialization = Buffer.from([0]);

/** Blocks of the engine → blocks for such a client. */
export function createBlockFramer(rows: Readable): AsyncIterable<Buffer> {
  return translate(rows, 'add');
}

/** Blocks of such a client → blocks for the engine. */
export function createBlockUnframer(body: Readable): Readable {
  return Readable.from(translate(body, 'strip'), { objectMode: false });
}

async function* translate(source: Readable, mode: 'add' | 'strip'): AsyncGenerator<Buffer> {
  const input = createWindow(source);
  while (await input.hasMore()) {
    if (mode === 'add') yield blockInfo;
    else await input.take(skipBlockInfo);
    const header = await input.take((cursor) => {
      const columns = readVarint(cursor);
      const rows = readVarint(cursor);
      return { columns, rows };
    });
    yield header.bytes;
    for (let i = 0; i < header.value.columns; i++) {
      const declaration = await input.take(readDeclaration);
      yield declaration.bytes;
      const type = parseNativeType(declaration.value);
      if (mode === 'add') yield defaultSerialization;
      else await input.take(skipSerialization);
      const data = await input.take((cursor) => skipColumn(cursor, type, header.value.rows));
      yield data.bytes;
    }
  }
}

function skipBlockInfo(cursor: Cursor): void {
  for (;;) {
    const field = readVarint(cursor);
    if (field === 1) cursor.at += 1;
    else if (field === 2) cursor.at += 4;
    else if (field === 0 || Number.isNaN(field)) return;
    else throw new StoreException(117, 'INCORRECT_DATA', `A Native block's BlockInfo has an unknown field ${field}`);
  }
}

/** Name and type of a column; returns the type. */
function readDeclaration(cursor: Cursor): string {
  cursor.at += readVarint(cursor);
  const length = readVarint(cursor);
  const start = cursor.at;
  cursor.at = start + length;
  return cursor.at <= cursor.bytes.length ? cursor.bytes.toString('utf8', start, cursor.at) : '';
}

function skipSerialization(cursor: Cursor): void {
  if (cursor.bytes[cursor.at++] === 1) {
    throw new StoreException(
      48,
      'NOT_IMPLEMENTED',
      'Columns in a custom (sparse) serialization are not taken; send them in full',
    );
  }
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
