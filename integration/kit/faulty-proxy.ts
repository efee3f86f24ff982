/** An HTTP proxy in front of a real store, which can be told to fail the way ClickHouse servers fail. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * - `none`: everything passes.
 * - `down`: connections are cut as soon as they say something.
 * - `read_only`: every query gets the setting `readonly=1`, so the real engine refuses inserts in its own words.
 * - `full`: inserts are answered as a server does whose disk is full.
 * - `slow`: every answer comes three seconds late.
 * - `lost_answer`: inserts reach the engine, and their answers never come back.
 */
export type Fault = 'none' | 'down' | 'read_only' | 'full' | 'slow' | 'lost_answer';

export interface FaultyProxy {
  port: number;
  fault: Fault;
  /** What the store is said to be by `SELECT version()`; undefined passes its own answer. */
  version: string | undefined;
}

/** Listens in front of a store's socket until the test ends. */
export async function startFaultyProxy(t: TestContext, socketPath: string): Promise<FaultyProxy> {
  const server = createServer((incoming, outgoing) => {
    void handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const proxy: FaultyProxy = { port: (server.address() as AddressInfo).port, fault: 'none', version: undefined };

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { fault, version } = proxy;
    if (fault === 'down') {
      incoming.socket.destroy();
      return;
    }
    if (fault === 'slow') await sleep(3000);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(incoming.url!, 'http://store');
    const query = (url.searchParams.get('query') ?? '') + body.subarray(0, 200).toString('latin1');
    const inserts = /^\s*INSERT/i.test(query);
    if (fault === 'full' && inserts) {
      outgoing.writeHead(500, { 'x-clickhouse-exception-code': '243' });
      outgoing.end('Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)\n');
      return;
    }
    if (fault === 'read_only') url.searchParams.set('readonly', '1');
    const answer = await forward(incoming, url, body);
    if (fault === 'lost_answer' && inserts) {
      incoming.socket.destroy();
      return;
    }
    const text =
      version !== undefined && /version\(\)/.test(query)
        ? answer.body.toString().replace(/\d+\.\d+\.\d+(\.\d+)?/, version)
        : answer.body;
    const {
      'content-length': _length,
      'transfer-encoding': _encoding,
      connection: _connection,
      ...headers
    } = answer.headers;
    outgoing.writeHead(answer.status, headers).end(text);
  }

  function forward(incoming: IncomingMessage, url: URL, body: Buffer) {
    const { method, headers } = incoming;
    const { 'transfer-encoding': _encoding, ...kept } = headers;
    return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
      const call = request(
        {
          socketPath,
          method,
          path: url.pathname + url.search,
          headers: { ...kept, 'content-length': body.length },
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
          );
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }

  return proxy;
}
