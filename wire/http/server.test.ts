/** The HTTP server against clients that stall, send without end or come from a browser. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as net from 'node:net';
import { after, describe, test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createByteBudget } from '../byte-budget.ts';
import { createCors } from './cors.ts';
import { HttpFailure } from './failure.ts';
import { createHttpServer, type HttpReply, type HttpServerOptions } from './server.ts';

const cleanup: (() => unknown)[] = [];
after(async () => {
  for (const end of cleanup) await end();
});

async function serve(handle: (body: Buffer) => Promise<HttpReply> = echo, options: Partial<HttpServerOptions> = {}) {
  const budget = options.budget ?? createByteBudget(2 ** 20);
  const server = createHttpServer({
    route(head) {
      if (head.path !== '/echo') throw new HttpFailure(404, 'no such path');
      return handle;
    },
    writeFailure: ({ status, message }) => ({ status, headers: {}, body: message }),
    maxRequestBodyBytes: 1000,
    encodings: ['', 'gzip', 'zstd', 'zlib', 'deflate'],
    responseHeaders: { 'x-server': 'test' },
    readHeaderTimeoutMs: 60_000,
    readTimeoutMs: 0,
    writeTimeoutMs: 0,
    idleTimeoutMs: 0,
    keepAlives: true,
    bodyIdleTimeoutMs: 60_000,
    ...options,
    budget,
  });
  const address = (await server.listen({
    endpoint: '127.0.0.1:0',
    transport: 'tcp',
    reusePort: false,
  })) as net.AddressInfo;
  cleanup.push(() => server.close(0));
  return { server, budget, port: address.port, url: `http://127.0.0.1:${address.port}/echo` };
}

async function echo(body: Buffer): Promise<HttpReply> {
  return { status: 200, headers: { 'content-type': 'text/plain' }, body };
}

/** A raw connection that has sent `text`; resolves to all it was sent once the server closed it. */
async function raw(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  await once(socket, 'close');
  return received;
}

describe('bodies', () => {
  const cases: [string, string | undefined, Buffer][] = [
    ['plain', undefined, Buffer.from('hello')],
    ['gzip', 'gzip', gzipSync('hello')],
    ['zstd', 'zstd', zstdCompressSync('hello')],
    ['two zstd frames', 'zstd', Buffer.concat([zstdCompressSync('he'), zstdCompressSync('llo')])],
    ['zlib', 'zlib', deflateSync('hello')],
    ['deflate', 'deflate', deflateSync('hello')],
    ['deflate without zlib header', 'deflate', deflateRawSync('hello')],
  ];
  for (const [name, encoding, body] of cases) {
    for (const chunked of [false, true]) {
      test(`${name}, ${chunked ? 'chunked' : 'of known length'}`, async () => {
        const { url, budget } = await serve();
        const response = await fetch(url, {
          method: 'POST',
          body: chunked ? new Blob([body]).stream() : body,
          ...(encoding && { headers: { 'content-encoding': encoding } }),
          duplex: 'half',
        } as RequestInit);
        assert.equal(response.status, 200);
        assert.equal(response.headers.get('x-server'), 'test');
        assert.equal(await response.text(), 'hello');
        assert.equal(budget.usedBytes, 0);
      });
    }
  }

  const bombs: [string, Buffer][] = [
    ['gzip', gzipSync(Buffer.alloc(100_000))],
    ['zstd', zstdCompressSync(Buffer.alloc(100_000))],
    ['zstd', Buffer.concat(Array.from({ length: 20 }, () => zstdCompressSync(Buffer.alloc(100))))],
    ['deflate', deflateSync(Buffer.alloc(100_000))],
  ];
  for (const [encoding, body] of bombs) {
    test(`a ${encoding} bomb of ${body.length} bytes is refused`, async () => {
      const { url, budget } = await serve();
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-encoding': encoding },
      } as RequestInit);
      assert.deepEqual(
        [response.status, await response.text()],
        [400, 'http: request body too large (the limit is 1000 bytes)'],
      );
      assert.equal(budget.usedBytes, 0);
    });
  }

  test('beyond the bytes in flight are refused as retryable', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url, budget } = await serve(
      async (body) => {
        await held;
        return echo(body);
      },
      { budget: createByteBudget(1500) },
    );
    const first = fetch(url, { method: 'POST', body: Buffer.alloc(1000) });
    while (budget.usedBytes < 1000) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await fetch(url, { method: 'POST', body: Buffer.alloc(600) });
    assert.equal(second.status, 503);
    release();
    assert.equal((await first).status, 200);
    assert.equal(budget.usedBytes, 0);
  });
});

describe('peers that stall', () => {
  test('in the headers are cut', async () => {
    const { port } = await serve(echo, { readHeaderTimeoutMs: 300 });
    assert.match(await raw(port, 'POST /echo HTTP/1.1\r\nhost: x\r\n'), /^HTTP\/1\.1 408/);
  });

  test('without having sent a byte are cut', async () => {
    const { port } = await serve(echo, { readHeaderTimeoutMs: 300 });
    await raw(port, '');
  });

  test('in the body are told so, cut, and give their bytes back', async () => {
    const { port, budget } = await serve(echo, { bodyIdleTimeoutMs: 100 });
    const answer = await raw(port, 'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nabc');
    assert.match(answer, /^HTTP\/1\.1 408 .*the request made no progress for 100 ms/s);
    assert.equal(budget.usedBytes, 0);
  });

  test('half way through a body and vanish give their bytes back', async () => {
    const { port, budget } = await serve();
    const socket = net.connect(port, '127.0.0.1');
    socket.write('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nabc');
    while (budget.usedBytes === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.resetAndDestroy();
    while (budget.usedBytes > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

test('a refused body without end is answered and then cut', async () => {
  const { port } = await serve();
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('POST /nope HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 404/);
  const block = Buffer.alloc(0x10000, 'x');
  let closed = false;
  socket.once('close', () => {
    closed = true;
  });
  for (let sent = 0; !closed && sent < 2000; sent++) {
    socket.write('10000\r\n');
    socket.write(block);
    socket.write('\r\n');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(closed, 'the connection stayed open after 128 MiB');
});

test('close answers what is under way and then ends kept-alive connections', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { server, url, budget } = await serve(async (body) => {
    await held;
    return echo(body);
  });
  const underWay = fetch(url, { method: 'POST', body: 'hello' });
  while (budget.usedBytes === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = server.close(5000);
  release();
  assert.equal(await (await underWay).text(), 'hello');
  const startedMs = Date.now();
  await closed;
  assert.ok(Date.now() - startedMs < 2000);
});

describe('browsers', () => {
  const cors = createCors({
    allowedOrigins: ['https://*.example.com'],
    allowedHeaders: ['X-Key'],
    exposedHeaders: ['X-Server'],
    maxAgeSeconds: 600,
  });
  const preflight = (origin: string, headers: string) => ({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
  });

  test('of an allowed origin may send', async () => {
    const { url } = await serve(echo, { cors });
    const answer = await fetch(url, preflight('https://a.example.com', 'content-type,x-key'));
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://a.example.com');
    assert.equal(answer.headers.get('access-control-allow-methods'), 'POST');
    assert.equal(answer.headers.get('access-control-allow-headers'), 'content-type,x-key');
    assert.equal(answer.headers.get('access-control-max-age'), '600');
    const sent = await fetch(url, { method: 'POST', body: 'x', headers: { origin: 'https://a.example.com' } });
    assert.equal(sent.headers.get('access-control-allow-origin'), 'https://a.example.com');
    assert.equal(sent.headers.get('access-control-expose-headers'), 'X-Server');
  });

  test('of another origin, or with other headers, may not', async () => {
    const { url } = await serve(echo, { cors });
    const other = await fetch(url, preflight('https://example.org', 'content-type'));
    assert.equal(other.headers.get('access-control-allow-origin'), null);
    const headers = await fetch(url, preflight('https://a.example.com', 'x-other'));
    assert.equal(headers.headers.get('access-control-allow-headers'), null);
  });
});
