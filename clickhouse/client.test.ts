/** The end of requests: at their time, at the caller's word, or when what they send breaks off. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStoreClient, type StoreClient } from './client.ts';

const into = { database: 'otel', table: 'spans', columns: [{ name: 'name' }], token: 'a' };
const late = { kind: 'unavailable', message: /did not answer within 0\.3 s: it took too long; raise `timeout`/ };

/** A client of a server that does as it is told, which no real one does at will. */
async function connect(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
  timeoutMs = 300,
): Promise<StoreClient> {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createStoreClient({ endpoint, username: 'default', password: '', compression: 'none', timeoutMs });
  t.after(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

function* megabytes(count: number): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(1 << 20);
}

test('an insert that the server reads late is ended in time, however much of it is still to be sent', async (t) => {
  const client = await connect(t, async (request, response) => {
    await sleep(900);
    request.resume().on('end', () => response.end());
    request.on('error', () => {});
  });
  // Of the larger one the connection takes only a part, so that its timeout of silence never comes.
  for (const size of [1, 16]) await assert.rejects(client.insertNative(megabytes(size), into), late);
});

test('an answer that does not end is ended in time, of inserts, commands and queries', async (t) => {
  const client = await connect(t, (request, response) => {
    request.resume();
    const timer = setInterval(() => response.write('{"one":1}\n'), 50);
    response.on('close', () => clearInterval(timer));
  });
  await assert.rejects(client.insertNative(megabytes(1), into), late);
  await assert.rejects(client.command('SELECT 1'), late);
  await assert.rejects(client.query('SELECT 1'), late);
});

test('a caller that stops waits no longer', async (t) => {
  const stop = new AbortController();
  const client = await connect(t, () => stop.abort(), 60_000);
  await assert.rejects(client.insertNative(megabytes(1), { ...into, signal: stop.signal }), { name: 'StoreError' });
  await assert.rejects(client.insertNative(megabytes(1), { ...into, signal: stop.signal }), { name: 'StoreError' });
});

for (const before of [0, 1, 20]) {
  test(`what breaks off after ${before} MiB is told as it is, and the server never sees the end of it`, async (t) => {
    let whole = 0;
    const client = await connect(
      t,
      (request, response) => {
        request.resume().on('end', () => {
          whole++;
          response.end();
        });
        request.on('error', () => {});
      },
      60_000,
    );
    const mistake = new RangeError('Invalid typed array length: -1');
    function* chunks() {
      yield* megabytes(before);
      throw mistake;
    }
    await assert.rejects(client.insertNative(chunks(), into), (error) => error === mistake);
    assert.equal(whole, 0);
    await client.command('SELECT 1');
    assert.equal(whole, 1);
  });
}
