/** One HTTP/2 connection of the gRPC client and the calls on it. */
import * as http2 from 'node:http2';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { createByteBudget } from '../byte-budget.ts';
import { decompress } from '../compression.ts';
import { grpcCodeName } from './codes.ts';
import { MessageCollector } from './framing.ts';
import { decodeGrpcMessage, GrpcError, readStatus } from './status.ts';

export type ConnectTarget = ({ kind: 'tcp'; host: string; port: number } | { kind: 'unix'; path: string }) & {
  /** Sent as `:authority`. */
  authority: string;
  /** Read for each connection, so that changed certificates are picked up; undefined means plain text. */
  tls?: (() => tls.ConnectionOptions) | undefined;
};

export interface ConnectionEvents {
  onReady(): void;
  /** The connection could not be made or was lost; the text says why. */
  onFailed(message: string): void;
}

export class ClientConnection {
  readonly #session: http2.ClientHttp2Session;
  readonly #keepalive: { timeMs: number; timeoutMs: number };
  readonly #where: string;
  readonly #secure: boolean;
  #usable: boolean;
  #openCalls: number;
  #heardMs: number;
  #pinging: boolean;
  #lost: string;
  #keepaliveTimer: NodeJS.Timeout | undefined;

  constructor(target: ConnectTarget, keepalive: { timeMs: number; timeoutMs: number }, events: ConnectionEvents) {
    this.#keepalive = keepalive;
    this.#where = target.kind === 'tcp' ? `${target.host}:${target.port}` : target.path;
    this.#secure = target.tls !== undefined;
    this.#usable = true;
    this.#openCalls = 0;
    this.#heardMs = Date.now();
    this.#pinging = false;
    this.#lost = '';
    this.#session = http2.connect(`${target.tls ? 'https' : 'http'}://${target.authority}`, {
      createConnection: () => connectSocket(target),
      settings: { enablePush: false, initialWindowSize: 2 ** 20 },
      // Node counts request bytes that wait for the peer's window too, and past its limit of 10 MB resets calls with
      // ENHANCE_YOUR_CALM although they were answered. The callers bound what is under way.
      maxSessionMemory: 4096,
    });
    this.#session.once('connect', () => {
      this.#heardMs = Date.now();
      events.onReady();
    });
    this.#session.on('goaway', () => this.#leave());
    this.#session.on('error', (error) => {
      this.#lost = explain(error, this.#where, this.#secure);
    });
    this.#session.once('close', () => {
      this.#usable = false;
      clearInterval(this.#keepaliveTimer);
      if (this.#lost) events.onFailed(this.#lost);
    });
    // An idle connection does not keep the process alive; its calls' timers do.
    this.#session.unref();
  }

  /** False once the connection takes no new calls. */
  get usable(): boolean {
    return this.#usable && !this.#session.closed && !this.#session.destroyed;
  }

  /** Makes one call; `pieces` are its request message with prefix. Rejects with a GrpcError. */
  call(
    headers: http2.OutgoingHttpHeaders,
    pieces: readonly Uint8Array[],
    timeoutMs: number,
    maxReceiveMessageBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(headers);
      const collector = new MessageCollector(maxReceiveMessageBytes, createByteBudget(maxReceiveMessageBytes));
      let reply: http2.IncomingHttpHeaders = {};
      let trailers: http2.IncomingHttpHeaders | undefined;
      let settled = false;
      // The outcome counts from the moment it is known: a stream that was answered or cancelled before its request was
      // sent completely may never close by itself.
      const settle = (failure?: GrpcError): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#closeCall();
        const error = failure ?? this.#errorOf(stream, reply, trailers);
        if (error) {
          reject(error);
          if (failure) stream.close(http2.constants.NGHTTP2_CANCEL);
          stream.destroy();
        } else {
          readMessage(collector, reply, maxReceiveMessageBytes).then(resolve, reject);
        }
      };
      const onAbort = (): void => settle(new GrpcError('CANCELLED', 'the call was given up by its caller'));
      const timer = setTimeout(() => {
        settle(new GrpcError('DEADLINE_EXCEEDED', `${this.#where} did not answer within ${Math.round(timeoutMs)} ms`));
        this.#askForLife();
      }, timeoutMs);

      stream.on('response', (received, flags) => {
        reply = received;
        // Trailers-only: the one header block carries the status.
        if ((flags & http2.constants.NGHTTP2_FLAG_END_STREAM) === 0) return;
        trailers = received;
        settle();
      });
      stream.on('trailers', (received) => {
        trailers = received;
        if (received['grpc-status'] !== '0') settle();
      });
      stream.on('data', (chunk: Buffer) => {
        this.#heardMs = Date.now();
        try {
          if (!settled) collector.push(chunk);
        } catch (error) {
          settle(error as GrpcError);
        }
      });
      stream.once('end', () => {
        if (trailers) settle();
      });
      stream.on('error', (error) => {
        // The stream may hear of a lost connection before the session does.
        if ((error as NodeJS.ErrnoException).code !== 'ERR_HTTP2_STREAM_ERROR') {
          this.#lost ||= explain(error, this.#where, this.#secure);
        }
      });
      stream.once('close', () => settle());

      this.#openCall();
      stream.cork();
      for (const piece of pieces) stream.write(piece);
      stream.end();
      stream.uncork();
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
    });
  }

  destroy(): void {
    this.#usable = false;
    this.#session.destroy();
  }

  /** The session may have ended since it was last looked at. */
  #open(headers: http2.OutgoingHttpHeaders): http2.ClientHttp2Stream {
    try {
      return this.#session.request(headers, { endStream: false });
    } catch (error) {
      const text = this.#lost || `no connection to ${this.#where}: ${(error as Error).message}`;
      throw new GrpcError('UNAVAILABLE', text, { cause: error });
    }
  }

  /** No new calls; those under way may end. */
  #leave(): void {
    this.#usable = false;
    if (!this.#session.destroyed) this.#session.close();
  }

  #openCall(): void {
    if (this.#openCalls++ > 0) return;
    this.#session.ref();
    const { timeMs } = this.#keepalive;
    if (timeMs === 0) return;
    this.#heardMs = Date.now();
    this.#keepaliveTimer ??= setInterval(() => {
      if (this.#openCalls > 0 && Date.now() - this.#heardMs >= timeMs) this.#askForLife();
    }, timeMs / 2);
    this.#keepaliveTimer.unref();
  }

  #closeCall(): void {
    this.#heardMs = Date.now();
    if (--this.#openCalls === 0 && !this.#session.destroyed) this.#session.unref();
  }

  /** A connection whose peer is gone looks open until a ping stays unanswered. */
  #askForLife(): void {
    if (this.#pinging || this.#session.destroyed || this.#session.connecting) {
      if (this.#session.connecting) this.#session.destroy(new Error('the connection was not made in time'));
      return;
    }
    this.#pinging = true;
    const cut = setTimeout(() => {
      this.#session.destroy(new Error('the peer gave no sign of life'));
    }, this.#keepalive.timeoutMs);
    const sent = this.#session.ping(() => {
      clearTimeout(cut);
      this.#pinging = false;
      this.#heardMs = Date.now();
    });
    if (!sent) clearTimeout(cut);
  }

  /** Why a stream that closed was no success; undefined when it was one. */
  #errorOf(
    stream: http2.ClientHttp2Stream,
    reply: http2.IncomingHttpHeaders,
    trailers: http2.IncomingHttpHeaders | undefined,
  ): GrpcError | undefined {
    const status = trailers?.['grpc-status'];
    if (typeof status === 'string') {
      if (status === '0') return undefined;
      const details = trailers!['grpc-status-details-bin'];
      const retryAfterMs =
        typeof details === 'string' ? readStatus(Buffer.from(details, 'base64'))?.retryAfterMs : undefined;
      const message = decodeGrpcMessage(String(trailers!['grpc-message'] ?? ''));
      return new GrpcError(grpcCodeName(Number(status)), message, { retryAfterMs });
    }
    const httpStatus = Number(reply[':status'] ?? 200);
    if (httpStatus !== 200) {
      const text = `${this.#where} answered with HTTP status ${httpStatus} instead of a gRPC status`;
      return new GrpcError(codeOfHttpStatus(httpStatus), text);
    }
    if (this.#lost) return new GrpcError('UNAVAILABLE', this.#lost);
    const reset = stream.rstCode ?? http2.constants.NGHTTP2_NO_ERROR;
    if (reset === http2.constants.NGHTTP2_NO_ERROR || this.#session.destroyed) {
      return new GrpcError('UNAVAILABLE', `${this.#where} closed the connection before it answered`);
    }
    return new GrpcError(codeOfReset(reset), `${this.#where} reset the call with HTTP/2 error ${reset}`);
  }
}

async function readMessage(
  collector: MessageCollector,
  reply: http2.IncomingHttpHeaders,
  maxBytes: number,
): Promise<Uint8Array> {
  const { message } = collector;
  if (message === null || !collector.complete) throw new GrpcError('INTERNAL', 'the response has no complete message');
  if (!collector.compressed) return message;
  const encoding = reply['grpc-encoding'];
  if (encoding !== 'gzip' && encoding !== 'deflate' && encoding !== 'zstd') {
    throw new GrpcError('INTERNAL', `the response is compressed with "${encoding}", which was not offered`);
  }
  try {
    return await decompress(encoding, message, maxBytes);
  } catch (error) {
    throw new GrpcError('INTERNAL', `the response cannot be decompressed: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function connectSocket(target: ConnectTarget): net.Socket {
  const address = target.kind === 'tcp' ? { host: target.host, port: target.port } : { path: target.path };
  if (!target.tls) return net.connect({ ...address, noDelay: true });
  const servername = target.kind === 'tcp' && net.isIP(target.host) === 0 ? { servername: target.host } : {};
  return tls.connect({ ...address, ...servername, ...target.tls(), ALPNProtocols: ['h2'] });
}

function explain(error: Error, where: string, secure: boolean): string {
  const root = error.cause instanceof Error ? error.cause : error;
  const code = (root as NodeJS.ErrnoException).code ?? '';
  if (secure && (code === 'EPROTO' || code.startsWith('ERR_SSL'))) {
    return `TLS with ${where} failed: ${(root as { reason?: string }).reason ?? root.message}; if the peer speaks plain text, set tls.insecure: true`;
  }
  return `no connection to ${where}: ${root.message || code}`;
}

/** "HTTP to gRPC Status Code Mapping" of the gRPC documentation. */
function codeOfHttpStatus(status: number) {
  switch (status) {
    case 400:
      return 'INTERNAL';
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'UNIMPLEMENTED';
    case 429:
    case 502:
    case 503:
    case 504:
      return 'UNAVAILABLE';
    default:
      return 'UNKNOWN';
  }
}

/** "Errors" in PROTOCOL-HTTP2.md of gRPC. */
function codeOfReset(code: number) {
  switch (code) {
    case http2.constants.NGHTTP2_REFUSED_STREAM:
      return 'UNAVAILABLE';
    case http2.constants.NGHTTP2_CANCEL:
      return 'CANCELLED';
    case http2.constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return 'RESOURCE_EXHAUSTED';
    case http2.constants.NGHTTP2_INADEQUATE_SECURITY:
      return 'PERMISSION_DENIED';
    default:
      return 'INTERNAL';
  }
}
