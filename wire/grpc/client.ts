/** A gRPC client of unary methods: one HTTP/2 connection, made anew when it is lost. */
import type { SecureVersion } from 'node:tls';
import { type Compression, compress } from '../compression.ts';
import type { ConnectTarget } from './client-connection.ts';
import { ClientConnection } from './client-connection.ts';
import { framePrefix } from './framing.ts';
import { GrpcError } from './status.ts';

export type { ConnectTarget } from './client-connection.ts';
export type { SecureVersion };

export interface GrpcClientOptions {
  target: ConnectTarget;
  compression: Compression | 'none';
  /** Sent with each call, names in lower case. */
  metadata: Record<string, string>;
  /** While calls are open: silence of `timeMs` asks the peer for a sign of life, and none for `timeoutMs` cuts the connection. */
  keepalive: { timeMs: number; timeoutMs: number };
  /** Largest response that is read. */
  maxReceiveMessageBytes: number;
}

export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface GrpcClient {
  /** Sends one message, given as pieces of it, and resolves to the response message; rejects with a GrpcError. */
  call(path: string, message: readonly Uint8Array[], options: CallOptions): Promise<Uint8Array>;
  /** Cuts the connection; calls under way fail with UNAVAILABLE. */
  close(): void;
}

const firstBackoffMs = 1000;
const maxBackoffMs = 10_000;

export function createGrpcClient(options: GrpcClientOptions): GrpcClient {
  let connection: ClientConnection | undefined;
  let failures = 0;
  let retryAtMs = 0;
  let lastFailure = '';
  let closed = false;

  /** The connection for new calls. While a peer is down, one attempt per backoff is made and other calls fail at once. */
  function connect(): ClientConnection {
    if (connection?.usable) return connection;
    if (closed) throw new GrpcError('UNAVAILABLE', 'the client is shut down');
    const nowMs = Date.now();
    if (nowMs < retryAtMs) throw new GrpcError('UNAVAILABLE', lastFailure);
    const opened = new ClientConnection(options.target, options.keepalive, {
      onReady: () => {
        failures = 0;
        retryAtMs = 0;
      },
      onFailed: (message) => {
        lastFailure = message;
        const backoffMs = Math.min(maxBackoffMs, firstBackoffMs * 1.6 ** failures++);
        retryAtMs = Date.now() + backoffMs * (0.8 + 0.4 * Math.random());
      },
    });
    connection = opened;
    return opened;
  }

  return {
    async call(path, message, { timeoutMs, signal }) {
      const deadlineMs = Date.now() + timeoutMs;
      const pieces = await frame(message, options.compression);
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0)
        throw new GrpcError('DEADLINE_EXCEEDED', `compressing took longer than the timeout of ${timeoutMs} ms`);
      const headers: Record<string, string> = {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': `${Math.ceil(leftMs)}m`,
        ...options.metadata,
      };
      if (options.compression !== 'none') headers['grpc-encoding'] = options.compression;
      return connect().call(headers, pieces, leftMs, options.maxReceiveMessageBytes, signal);
    },
    close() {
      closed = true;
      connection?.destroy();
    },
  };
}

async function frame(
  message: readonly Uint8Array[],
  compression: Compression | 'none',
): Promise<readonly Uint8Array[]> {
  if (compression !== 'none') {
    const compressed = await compress(compression, message);
    return [framePrefix(compressed.length, true), compressed];
  }
  let sizeBytes = 0;
  for (const piece of message) sizeBytes += piece.length;
  return [framePrefix(sizeBytes, false), ...message];
}
