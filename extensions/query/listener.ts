/** The HTTP server of the `query` extension: takes its port at start and lets go of it at shutdown. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../../component/errors.ts';

export interface Listener {
  start(): Promise<void>;
  close(): Promise<void>;
  /** Where a browser finds it, once started. */
  url(): string;
}

/** `endpoint` is `host:port`; `localhost` means 127.0.0.1, so that the same address is taken on every machine. */
export function createListener(app: RequestListener, endpoint: string, id: string): Listener {
  const { host, port } = parseEndpoint(endpoint, id);
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 15_000 }, app);
  return {
    async start() {
      try {
        server.listen(port, host);
        await once(server, 'listening');
      } catch (error) {
        throw listenError(error, endpoint, id);
      }
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      // A query in flight is cancelled by its connection going away; nothing here is worth waiting for.
      server.closeAllConnections();
      await closed;
    },
    url: () => `http://${hostForUrl(host, server)}`,
  };
}

function parseEndpoint(endpoint: string, id: string): { host: string; port: number } {
  const match = /^(.*):(\d{1,5})$/.exec(endpoint);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new OperatorError(
      'INVALID_CONFIG',
      `extensions::${id}::endpoint: "${endpoint}" is not host:port; write for example localhost:8080`,
    );
  }
  const host = match[1]!.replace(/^\[|\]$/g, '');
  return { host: host === 'localhost' ? '127.0.0.1' : host === '' ? '0.0.0.0' : host, port };
}

function listenError(error: unknown, endpoint: string, id: string): unknown {
  const code = (error as { code?: string }).code;
  const where = `extensions::${id}::endpoint`;
  if (code === 'EADDRINUSE') {
    return new OperatorError(
      'ADDRESS_IN_USE',
      `${where}: ${endpoint} is taken by another process; change it or stop that process`,
      { cause: error },
    );
  }
  if (code === 'EACCES') {
    return new OperatorError(
      'PERMISSION_DENIED',
      `${where}: not allowed to listen on ${endpoint}; use a port of 1024 or above`,
      { cause: error },
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new OperatorError('INVALID_CONFIG', `${where}: ${endpoint} is no address of this machine; change it`, {
      cause: error,
    });
  }
  return error;
}

function hostForUrl(host: string, server: Server): string {
  const { port } = server.address() as AddressInfo;
  if (host === '127.0.0.1' || host === '0.0.0.0' || host === '::') return `localhost:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
