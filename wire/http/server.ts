/** An HTTP/1.1 server that collects bounded bodies and answers each request once. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ByteBudget } from '../byte-budget.ts';
import { type ListenTarget, listen } from '../listen.ts';
import type { TlsServerOptions } from '../tls.ts';
import type { Cors } from './cors.ts';
import { HttpExchange } from './exchange.ts';
import type { HttpFailure } from './failure.ts';

export interface HttpHead {
  method: string;
  /** Without query. */
  path: string;
  headers: http.IncomingHttpHeaders;
}

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** Takes the decompressed body, which it owns from then on. Rejects with an HttpFailure. */
export type BodyHandler = (body: Buffer) => Promise<HttpReply>;

export interface HttpServerOptions {
  /** Chooses the handler before the body is read; throws an HttpFailure to refuse the request. */
  route(head: HttpHead): BodyHandler;
  /** Writes a failure in the form that the sender of this request reads. */
  writeFailure(failure: HttpFailure, head: HttpHead): HttpReply;
  /** Largest body, before and after decompression. */
  maxRequestBodyBytes: number;
  /** Values of `Content-Encoding` that are taken; `''` stands for none. */
  encodings: readonly string[];
  /** Bytes of bodies that may be in memory at once, from their first byte until they were answered. */
  budget: ByteBudget;
  cors?: Cors | undefined;
  /** Added to every response. */
  responseHeaders: Record<string, string>;
  /** Headers must be complete after this time; 0 is no limit. */
  readHeaderTimeoutMs: number;
  /** The whole request must be complete after this time; 0 is no limit. */
  readTimeoutMs: number;
  /** The response must be taken this long after the request began; 0 is no limit. */
  writeTimeoutMs: number;
  /** Kept-alive connections without a request are closed after this time; 0 is no limit. */
  idleTimeoutMs: number;
  keepAlives: boolean;
  /** A request is ended when its peer neither sends nor takes bytes for this long although it is its turn. */
  bodyIdleTimeoutMs: number;
  tls?: TlsServerOptions | undefined;
}

export interface HttpServer {
  listen(target: ListenTarget): Promise<AddressInfo | string | null>;
  /** Stops listening, waits for requests under way, and cuts what is left after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const exchanges = new Set<HttpExchange>();
  const sweepMs = Math.min(1000, options.bodyIdleTimeoutMs / 4);
  let closing = false;

  const serverOptions: http.ServerOptions = {
    headersTimeout: options.readHeaderTimeoutMs,
    requestTimeout: options.readTimeoutMs,
    keepAliveTimeout: options.idleTimeoutMs,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: 64 * 1024,
    noDelay: true,
    // Half-open connections are found by the kernel's probes.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    if (closing || !options.keepAlives) response.shouldKeepAlive = false;
    const exchange = new HttpExchange(request, response, options);
    exchanges.add(exchange);
    response.once('close', () => exchanges.delete(exchange));
    exchange.run();
  };
  const server = options.tls
    ? https.createServer({ ...serverOptions, ...options.tls.secureOptions }, onRequest)
    : http.createServer(serverOptions, onRequest);
  const releaseTls = options.tls?.follow((context) => (server as https.Server).setSecureContext(context));

  let sweeper: NodeJS.Timeout | undefined;
  return {
    async listen(target) {
      const address = await listen(server, target);
      sweeper = setInterval(() => {
        const nowMs = Date.now();
        for (const exchange of exchanges) exchange.sweep(nowMs);
      }, sweepMs);
      return address;
    },
    async close(deadlineMs) {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A kept-alive connection becomes idle when its last request is answered; nothing else would close it then.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const cut = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(cut);
      clearInterval(idle);
      clearInterval(sweeper);
      releaseTls?.();
    },
  };
}
