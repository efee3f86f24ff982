/**
 * One unary call on the server:
 *
 *     reading ──message complete──► handling ──handler settled──► answered ──stream closed──► (gone)
 *        └──────────── bad request, deadline, no progress ───────────┘
 */

import { giveBody } from '../body-pool.ts';
import type { ByteBudget } from '../byte-budget.ts';
import { type Compression, decompress, OutputTooLarge } from '../compression.ts';
import { http2Errors } from '../http2/errors.ts';
import { type Headers, writeHeaderBlock } from '../http2/hpack.ts';
import type { Http2Stream, StreamHandler } from '../http2/stream.ts';
import { grpcCodes } from './codes.ts';
import { framePrefix, MessageCollector, tooManyBytesInFlight } from './framing.ts';
import type { UnaryHandler } from './server.ts';
import { encodeGrpcMessage, GrpcError, writeStatus } from './status.ts';

export interface CallLimits {
  /** Largest message, before and after decompression. */
  maxReceiveMessageBytes: number;
  /** A call is ended when its peer neither sends nor takes bytes for this long although it is its turn. */
  bodyIdleTimeoutMs: number;
}

const compressions: Record<string, Compression | null> = {
  identity: null,
  gzip: 'gzip',
  deflate: 'deflate',
  zstd: 'zstd',
};
const acceptEncoding = 'identity,gzip,deflate,zstd';

const okHeaders = writeHeaderBlock({ ':status': '200', 'content-type': 'application/grpc' });
const okTrailers = writeHeaderBlock({ 'grpc-status': '0' });
const emptyMessage = framePrefix(0, false);

export class ServerCall implements StreamHandler {
  readonly #stream: Http2Stream;
  readonly #onClose: () => void;
  /** When the peer last did something. */
  progressMs: number;
  readonly #headers: Headers;
  readonly #budget: ByteBudget;
  readonly #limits: CallLimits;
  readonly #collector: MessageCollector;
  readonly #deadlineMs: number;
  #compression: Compression | null;
  #handler: UnaryHandler | undefined;
  #state: 'reading' | 'handling' | 'answered';

  constructor(
    stream: Http2Stream,
    headers: Headers,
    handlers: ReadonlyMap<string, UnaryHandler>,
    budget: ByteBudget,
    limits: CallLimits,
    onClose: () => void,
  ) {
    this.#stream = stream;
    this.#onClose = onClose;
    this.progressMs = Date.now();
    this.#headers = headers;
    this.#budget = budget;
    this.#limits = limits;
    this.#collector = new MessageCollector(limits.maxReceiveMessageBytes, budget);
    this.#deadlineMs = this.progressMs + timeoutOf(headers['grpc-timeout']);
    this.#compression = null;
    this.#handler = handlers.get(headers[':path']!);
    this.#state = 'reading';
    this.#begin();
  }

  /** Ends the call when it is too slow. */
  sweep(nowMs: number): void {
    const idle = nowMs - this.progressMs > this.#limits.bodyIdleTimeoutMs;
    if (this.#state === 'answered') {
      if (idle) this.#stream.reset(http2Errors.CANCEL);
    } else if (nowMs > this.#deadlineMs) {
      this.#fail(new GrpcError('DEADLINE_EXCEEDED', 'the deadline of the call passed before it was handled'));
    } else if (idle && this.#state === 'reading') {
      const text = `the request made no progress for ${this.#limits.bodyIdleTimeoutMs} ms`;
      this.#fail(new GrpcError('DEADLINE_EXCEEDED', text));
    }
  }

  data(part: Buffer): void {
    if (this.#state !== 'reading') return;
    this.progressMs = Date.now();
    try {
      this.#collector.push(part);
    } catch (error) {
      this.#fail(error);
    }
  }

  end(): void {
    if (this.#state !== 'reading') return;
    const message = this.#collector.message;
    if (message === null || !this.#collector.complete) {
      this.#fail(new GrpcError('INTERNAL', 'the request ended before its message was complete'));
      return;
    }
    this.#state = 'handling';
    const handled = this.#collector.compressed
      ? this.#handleCompressed(message)
      : this.#handler!(message, this.#headers);
    handled.then(
      (response) => {
        this.#release();
        this.#answer(response);
      },
      (error) => {
        this.#release();
        this.#fail(error);
      },
    );
  }

  closed(): void {
    if (this.#state === 'reading') this.#release();
    if (this.#state === 'reading') this.#state = 'answered';
    this.#onClose();
  }

  /** Refuses what can be refused by the headers alone. */
  #begin(): void {
    const headers = this.#headers;
    const type = headers['content-type'] ?? '';
    const encoding = headers['grpc-encoding'] ?? 'identity';
    const compression = compressions[encoding];
    if (type !== 'application/grpc' && !/^application\/grpc(\+proto)?(;|$)/.test(type)) {
      this.#refuse(415, `invalid gRPC request content-type "${type}"`);
    } else if (headers[':method'] !== 'POST') {
      this.#refuse(405, `invalid gRPC request method "${headers[':method']}"`);
    } else if (!this.#handler) {
      this.#fail(new GrpcError('UNIMPLEMENTED', `unknown method ${headers[':path']}`));
    } else if (compression === undefined) {
      const text = `grpc: Decompressor is not installed for grpc-encoding "${encoding}"`;
      this.#fail(new GrpcError('UNIMPLEMENTED', text));
    } else {
      this.#compression = compression;
    }
  }

  async #handleCompressed(compressed: Buffer): Promise<Uint8Array> {
    if (this.#compression === null) {
      throw new GrpcError('INTERNAL', 'grpc: compressed flag set with identity or empty encoding');
    }
    const maxBytes = this.#limits.maxReceiveMessageBytes;
    let message: Buffer;
    try {
      message = await decompress(this.#compression, compressed, maxBytes);
      giveBody(compressed);
    } catch (error) {
      if (error instanceof OutputTooLarge) {
        const text = `grpc: received message after decompression larger than max ${maxBytes}`;
        throw new GrpcError('RESOURCE_EXHAUSTED', text, { cause: error });
      }
      throw new GrpcError('INTERNAL', `grpc: failed to decompress the received message: ${(error as Error).message}`);
    }
    const moreBytes = message.length - this.#collector.takenBytes;
    if (!this.#budget.take(moreBytes)) throw tooManyBytesInFlight(this.#budget);
    this.#collector.takenBytes += moreBytes;
    return this.#handler!(message, this.#headers);
  }

  #answer(response: Uint8Array): void {
    if (this.#state === 'answered') return;
    this.#state = 'answered';
    this.progressMs = Date.now();
    const body = response.length === 0 ? emptyMessage : Buffer.concat([framePrefix(response.length, false), response]);
    this.#stream.answer(okHeaders, body, okTrailers);
  }

  /** Trailers-only: status and message in one header block. */
  #fail(error: unknown): void {
    const status = error instanceof GrpcError ? error : new GrpcError('UNKNOWN', String((error as Error).message));
    const headers: Headers = {
      ':status': '200',
      'content-type': 'application/grpc',
      'grpc-status': String(grpcCodes[status.code]),
      'grpc-message': encodeGrpcMessage(status.message.slice(0, 1024)),
    };
    if (status.code === 'UNIMPLEMENTED') headers['grpc-accept-encoding'] = acceptEncoding;
    if (status.retryAfterMs !== undefined) {
      headers['grpc-status-details-bin'] = writeStatus(status).toString('base64').replace(/=+$/, '');
    }
    this.#endWith(headers);
  }

  /** For peers that do not speak gRPC: an HTTP status, with the reason where gRPC tools look for it. */
  #refuse(httpStatus: number, text: string): void {
    this.#endWith({
      ':status': String(httpStatus),
      'grpc-status': String(grpcCodes.INVALID_ARGUMENT),
      'grpc-message': encodeGrpcMessage(text),
    });
  }

  #endWith(headers: Headers): void {
    if (this.#state === 'answered') return;
    if (this.#state === 'reading') this.#release();
    this.#state = 'answered';
    this.progressMs = Date.now();
    this.#stream.answerHeaders(writeHeaderBlock(headers));
  }

  /** Gives the bytes back: when reading fails, else when the handler has settled, even if nobody waits for it any more. */
  #release(): void {
    this.#budget.give(this.#collector.takenBytes);
    this.#collector.takenBytes = 0;
    this.#collector.message = null;
  }
}

const timeoutUnitsMs: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** `grpc-timeout: 10S` in milliseconds; no or an unreadable value means no deadline. */
function timeoutOf(header: string | undefined): number {
  if (header === undefined) return Number.POSITIVE_INFINITY;
  const unitMs = timeoutUnitsMs[header.at(-1)!];
  const count = Number(header.slice(0, -1));
  return unitMs === undefined || Number.isNaN(count) ? Number.POSITIVE_INFINITY : count * unitMs;
}
