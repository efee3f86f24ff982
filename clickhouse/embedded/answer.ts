/** Writes answers to HTTP: headers once the outcome is likely, rows with back-pressure, exceptions wherever they fall. */
import type { ServerResponse } from 'node:http';
import type { Transform, Writable } from 'node:stream';
import { constants, createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import { createFrameWriter, writeFrame } from './compressed-frames.ts';
import type { QueryRequest } from './query-request.ts';
import { reportException } from './store-exception.ts';

/** So much of an answer is held back, so that most statements that fail midway still get a status of their own. */
const heldBytes = 64 << 10;
/** The same when the client asks to wait for the end. */
const heldBytesWhenWaiting = 32 << 20;

const encoders: Record<string, () => Transform> = {
  zstd: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
  gzip: () => createGzip({ level: 1 }),
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  deflate: () => createDeflate({ level: 1 }),
};

const contentTypes: Record<string, string> = {
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  TSV: 'text/tab-separated-values; charset=UTF-8',
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
};

export interface AnswerContext {
  res: ServerResponse;
  request: QueryRequest;
  queryId: string;
  version: string;
  timezone: string;
}

export interface Summary {
  rowsWritten: number;
  bytesWritten: number;
  elapsed: number;
}

/** Answers a statement that gives no rows, or few: `body` is whole. */
export function answerWhole(
  context: AnswerContext,
  format: string,
  body: Uint8Array,
  summary?: Summary,
): Promise<void> {
  const source = (async function* () {
    if (body.length > 0) yield Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  })();
  return answerRows(context, format, source, Promise.resolve(), summary);
}

/**
 * Answers rows as they come. `done` tells how the statement ended and is looked at when `rows` has ended. Rejects with
 * the statement's error while the client has seen nothing of the answer; later errors go into the body.
 */
export async function answerRows(
  context: AnswerContext,
  format: string,
  rows: AsyncIterable<Buffer>,
  done: Promise<unknown>,
  summary?: Summary,
): Promise<void> {
  const { res, request } = context;
  const limit = request.waitForEnd ? heldBytesWhenWaiting : heldBytes;
  const held: Buffer[] = [];
  let size = 0;
  let out: Writable | undefined;
  try {
    for await (const chunk of rows) {
      if (out === undefined) {
        held.push(chunk);
        size += chunk.length;
        if (size <= limit) continue;
        out = begin(context, format, summary);
        for (const early of held.splice(0)) out.write(early);
        continue;
      }
      if (!out.write(chunk)) await drained(out, res);
      if (res.destroyed) break;
    }
    await done;
  } catch (error) {
    if (out === undefined) throw error;
    breakOff(context, out, error);
    return;
  }
  out ??= begin(context, format, summary);
  for (const chunk of held) out.write(chunk);
  out.end();
}

/** Resolves when more may be written, or nobody reads any more. */
function drained(out: Writable, res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      out.off('drain', go);
      res.off('close', go);
      resolve();
    };
    out.on('drain', go);
    res.on('close', go);
    if (res.destroyed) go();
  });
}

/** Answers an exception, when nothing of an answer has gone out yet. */
export function answerException(context: AnswerContext, error: unknown): void {
  const { res, version } = context;
  if (res.headersSent || res.destroyed) return;
  const report = reportException(error, version);
  setHeaders(context);
  res.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  res.setHeader('X-ClickHouse-Exception-Code', String(report.code));
  const text = Buffer.from(report.text);
  res.writeHead(report.status).end(context.request.framedAnswer ? writeFrame(text) : text);
}

function begin(context: AnswerContext, format: string, summary: Summary | undefined): Writable {
  const { res, request } = context;
  setHeaders(context);
  res.setHeader(
    'Content-Type',
    contentTypes[format] ??
      (format.startsWith('JSON') ? 'application/json; charset=UTF-8' : 'application/octet-stream'),
  );
  res.setHeader('X-ClickHouse-Format', format);
  if (summary !== undefined) res.setHeader('X-ClickHouse-Summary', writeSummary(summary));
  const encoding = request.acceptEncodings.find((name) => name in encoders);
  if (encoding !== undefined) res.setHeader('Content-Encoding', encoding);
  res.writeHead(200);
  if (encoding === undefined && !request.framedAnswer) return res;
  const encoder = encoding === undefined ? createFrameWriter() : encoders[encoding]();
  encoder.pipe(res);
  return encoder;
}

function setHeaders({ res, queryId, timezone }: AnswerContext): void {
  res.setHeader('X-ClickHouse-Query-Id', queryId);
  res.setHeader('X-ClickHouse-Server-Display-Name', 'otelcol-deepflow');
  res.setHeader('X-ClickHouse-Timezone', timezone);
  res.setHeader('X-ClickHouse-Exception-Tag', exceptionTag(queryId));
}

/** Of statements that only read nothing is said: the engine does not tell how much they read. */
function writeSummary({ rowsWritten, bytesWritten, elapsed }: Summary): string {
  return JSON.stringify({
    read_rows: String(rowsWritten),
    read_bytes: String(bytesWritten),
    written_rows: String(rowsWritten),
    written_bytes: String(bytesWritten),
    total_rows_to_read: '0',
    result_rows: String(rowsWritten),
    result_bytes: String(bytesWritten),
    elapsed_ns: String(Math.round(elapsed * 1e9)),
  });
}

/** Sixteen characters that rows do not have by chance. */
function exceptionTag(queryId: string): string {
  return Buffer.from(queryId).toString('hex').padEnd(16, '0').slice(-16);
}

/** An exception amid the rows, as ClickHouse has put it since 25.11; the answer then ends without its last chunk. */
function breakOff({ res, queryId, version }: AnswerContext, out: Writable, error: unknown): void {
  const tag = exceptionTag(queryId);
  const { text } = reportException(error, version);
  const size = Buffer.byteLength(text);
  out.write(`\r\n__exception__\r\n${tag}\r\n${text}${size} ${tag}\r\n__exception__\r\n`);
  if (out === res) {
    res.socket?.end();
    return;
  }
  out.end();
}
