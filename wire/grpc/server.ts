/** A gRPC server of unary methods on our own HTTP/2 connections. */
import * as net from 'node:net';
import * as tls from 'node:tls';
import type { ByteBudget } from '../byte-budget.ts';
import type { Headers } from '../http2/hpack.ts';
import { type ListenTarget, listen } from '../listen.ts';
import { readShared } from '../shared-read.ts';
import type { TlsServerOptions } from '../tls.ts';
import type { CallLimits } from './server-call.ts';
import { type Keepalive, ServerConnection } from './server-connection.ts';

/** Takes one request message, which it owns from then on, and resolves to the response message. Rejects with a GrpcError. */
export type UnaryHandler = (message: Uint8Array, metadata: Headers) => Promise<Uint8Array>;

export interface GrpcServerOptions extends CallLimits {
  /** Bytes of requests that may be in memory at once, from the first byte of a message until it was answered. */
  budget: ByteBudget;
  /** Calls that one connection may have open; a peer that follows the protocol waits with the next one. */
  maxConcurrentStreams: number;
  keepalive: Keepalive;
  tls?: TlsServerOptions | undefined;
}

export interface GrpcServer {
  listen(target: ListenTarget): Promise<net.AddressInfo | string | null>;
  /** Stops listening, tells peers to go away, waits for calls under way, and cuts what is left after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

/** `handlers` has an entry for each path, such as `/package.Service/Method`; other paths are UNIMPLEMENTED. */
export function createGrpcServer(handlers: ReadonlyMap<string, UnaryHandler>, options: GrpcServerOptions): GrpcServer {
  const connections = new Set<ServerConnection>();
  const sockets = new Set<net.Socket>();
  const connectionOptions = { ...options, maxHeaderListBytes };

  function serve(socket: net.Socket): ServerConnection {
    const connection = new ServerConnection(socket, handlers, connectionOptions, () => connections.delete(connection));
    connections.add(connection);
    return connection;
  }

  function acceptTls(socket: tls.TLSSocket): void {
    const connection = serve(socket);
    socket.on('data', (bytes) => connection.receive(bytes));
  }

  function acceptPlain(accepted: net.Socket): void {
    const socket = readShared(accepted, (bytes) => connection.receive(bytes));
    track(socket);
    const connection = serve(socket);
  }

  function track(socket: net.Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }

  const server = options.tls
    ? tls.createServer({ ...options.tls.secureOptions, ALPNProtocols: ['h2'], noDelay: true }, acceptTls)
    : net.createServer({ noDelay: true, pauseOnConnect: true }, acceptPlain);
  const releaseTls = options.tls?.follow((context) => (server as tls.Server).setSecureContext(context));
  // Also those whose TLS handshake never ends.
  if (options.tls) server.on('connection', track);
  server.on('tlsClientError', (_error, socket) => socket.destroy());

  let sweeper: NodeJS.Timeout | undefined;
  return {
    async listen(target) {
      const address = await listen(server, target);
      const sweep = () => {
        const nowMs = Date.now();
        for (const connection of connections) connection.sweep(nowMs);
      };
      sweeper = setInterval(sweep, Math.min(1000, options.bodyIdleTimeoutMs / 4));
      return address;
    },
    async close(deadlineMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const ended = Promise.all(
        [...sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))),
      );
      for (const connection of connections) connection.goAway();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, deadlineMs);
      await Promise.all([closed, ended]);
      clearTimeout(cut);
      clearInterval(sweeper);
      releaseTls?.();
    },
  };
}

const maxHeaderListBytes = 32 * 1024;
