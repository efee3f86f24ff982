/** A gRPC server of unary methods over node:http2. */
import * as http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { ByteBudget } from '../byte-budget.ts';
import { type ListenTarget, listen } from '../listen.ts';
import type { TlsServerOptions } from '../tls.ts';
import { type CallLimits, ServerCall } from './server-call.ts';
import { type Keepalive, ServerConnection } from './server-connection.ts';

/** Takes one request message, which it owns from then on, and resolves to the response message. Rejects with a GrpcError. */
export type UnaryHandler = (message: Uint8Array, metadata: http2.IncomingHttpHeaders) => Promise<Uint8Array>;

export interface GrpcServerOptions extends CallLimits {
  /** Bytes of requests that may be in memory at once, from the first byte of a message until it was answered. */
  budget: ByteBudget;
  /** Calls that one connection may have open; a peer that follows the protocol waits with the next one. */
  maxConcurrentStreams: number;
  keepalive: Keepalive;
  tls?: TlsServerOptions | undefined;
}

export interface GrpcServer {
  listen(target: ListenTarget): Promise<AddressInfo | string | null>;
  /** Stops listening, tells peers to go away, waits for calls under way, and cuts what is left after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

/** `handlers` has an entry for each path, such as `/package.Service/Method`; other paths are UNIMPLEMENTED. */
export function createGrpcServer(handlers: ReadonlyMap<string, UnaryHandler>, options: GrpcServerOptions): GrpcServer {
  const connections = new Set<ServerConnection>();
  const sockets = new Set<Socket>();
  const http2Options: http2.ServerOptions = {
    settings: {
      // A request of 676 KB fits without waiting for a window update; what arrives is copied out at once, so windows hold no memory here.
      initialWindowSize: 2 ** 20,
      maxConcurrentStreams: options.maxConcurrentStreams,
      maxHeaderListSize: 16 * 1024,
      enablePush: false,
    },
    maxSessionMemory: 64,
  };
  const server = options.tls
    ? http2.createSecureServer({ ...http2Options, ...options.tls.secureOptions, ALPNProtocols: ['h2'] })
    : http2.createServer(http2Options);
  const releaseTls = options.tls?.follow((context) => (server as http2.Http2SecureServer).setSecureContext(context));

  server.on('session', (session: http2.ServerHttp2Session) => {
    session.setLocalWindowSize(connectionWindowBytes);
    const connection = new ServerConnection(session, options.keepalive, () => connections.delete(connection));
    connections.add(connection);
    session.on('stream', (stream, headers) => {
      connection.add(new ServerCall(stream as http2.ServerHttp2Stream, headers, handlers, options.budget, options));
    });
  });
  // Errors of one connection end that connection only; what arrives after its streams were counted has no other place.
  server.on('sessionError', () => {});
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  let sweeper: NodeJS.Timeout | undefined;
  return {
    async listen(target) {
      const address = await listen(server, target);
      sweeper = setInterval(
        () => {
          const nowMs = Date.now();
          for (const connection of connections) connection.sweep(nowMs);
        },
        Math.min(1000, options.bodyIdleTimeoutMs / 4),
      );
      return address;
    },
    async close(deadlineMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.goAway();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, deadlineMs);
      await closed;
      clearTimeout(cut);
      clearInterval(sweeper);
      releaseTls?.();
    },
  };
}

const connectionWindowBytes = 4 * 2 ** 20;
