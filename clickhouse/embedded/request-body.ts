/** Request bodies: their decoding, and where SQL ends and data begins when both come in one body. */
import type { IncomingMessage } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { createFrameReader } from './compressed-frames.ts';
import { createLz4FrameReader } from './lz4-frame.ts';
import { readStatement, type Statement } from './statement.ts';
import { StoreException } from './store-exception.ts';

/** Content-Encodings taken; the engine itself decodes all of them when it reads a file. */
const decoders: Record<string, () => Transform> = {
  gzip: () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  lz4: () => createLz4FrameReader(),
};

/** SQL longer than this belongs in the body as data (ClickHouse: max_query_size). */
const maxQueryBytes = 16 << 20;
/** Everything before an INSERT's data must be within the first bytes of a body that holds both. */
const maxInsertHeadBytes = 256 << 10;

/** What the client wants done: a statement, and for an INSERT the data, possibly still encoded. */
export interface Task {
  statement: Statement;
  data: Readable | undefined;
  /** For the engine's COMPRESSION clause. */
  dataEncoding: string | undefined;
}

export interface BodyOptions {
  /** SQL given outside the body. */
  query: string;
  /** The body is in ClickHouse's own compressed frames. */
  framed: boolean;
}

export async function readTask(req: IncomingMessage, options: BodyOptions): Promise<Task> {
  const encoding = readContentEncoding(req);
  if (options.query === '') return readTaskFromBody(decodeBody(req, encoding, options.framed));

  const statement = readStatement(options.query);
  if (statement.kind === 'insert') {
    const inline = options.query.slice(statement.dataAt);
    if (inline.trim() !== '' || options.framed) {
      const body = decodeBody(req, encoding, options.framed);
      return { statement, data: joined([Buffer.from(inline)], body), dataEncoding: undefined };
    }
    return { statement, data: req, dataEncoding: encoding };
  }
  const rest = await readAll(decodeBody(req, encoding, options.framed));
  const whole = rest.length === 0 ? statement : readStatement(`${options.query}\n${rest.toString()}`);
  return { statement: whole, data: undefined, dataEncoding: undefined };
}

async function readTaskFromBody(body: Readable): Promise<Task> {
  const chunks = body[Symbol.asyncIterator]();
  const head: Buffer[] = [];
  let headBytes = 0;
  let ended = false;
  while (!ended && headBytes < maxInsertHeadBytes) {
    const next = await chunks.next();
    if (next.done) ended = true;
    else headBytes += head[head.push(next.value as Buffer) - 1].length;
  }
  const start = Buffer.concat(head);
  const rest = ended ? [] : { [Symbol.asyncIterator]: () => chunks };
  if (/^\s*INSERT\b/i.test(start.toString('latin1', 0, 1000))) {
    // As latin1 an index in the text is an index in the bytes, and data need not be text.
    const statement = readStatement(start.toString('latin1'));
    if (statement.kind === 'insert') {
      const data = joined([start.subarray(statement.dataAt)], rest);
      const target = fromLatin1(statement.target);
      return {
        statement: { ...statement, target, settings: fromLatin1(statement.settings) },
        data,
        dataEncoding: undefined,
      };
    }
  }
  const text = Buffer.concat([start, await readAll(Readable.from(rest))]).toString();
  return { statement: readStatement(text), data: undefined, dataEncoding: undefined };
}

/** The whole body as bytes; for SQL, not for data. */
export async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > maxQueryBytes) {
      throw new StoreException(229, 'QUERY_IS_TOO_LARGE', `The query is longer than ${maxQueryBytes} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** The body after Content-Encoding and frames. */
export function decodeBody(req: IncomingMessage, encoding: string | undefined, framed: boolean): Readable {
  let body: Readable = req;
  if (encoding !== undefined) body = through(body, decoders[encoding]());
  return framed ? through(body, createFrameReader()) : body;
}

export function readContentEncoding(req: IncomingMessage): string | undefined {
  const encoding = req.headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return undefined;
  if (encoding in decoders) return encoding;
  const known = Object.keys(decoders).join(', ');
  throw new StoreException(
    89,
    'UNKNOWN_COMPRESSION_METHOD',
    `Unknown Content-Encoding '${encoding}'; known are ${known}`,
  );
}

/** Errors of either side surface at the reader of the result. */
function through(source: Readable, transform: Transform): Readable {
  return pipeline(source, transform, () => {});
}

function joined(first: readonly Buffer[], rest: Iterable<Buffer> | AsyncIterable<Buffer>): Readable {
  return Readable.from(
    (async function* () {
      for (const chunk of first) if (chunk.length > 0) yield chunk;
      yield* rest;
    })(),
    { objectMode: false },
  );
}

function fromLatin1(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}
