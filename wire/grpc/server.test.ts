/** The gRPC server against clients that break the protocol, lie about sizes, stall or vanish. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import { after, describe, test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createByteBudget } from '../byte-budget.ts';
import { createGrpcClient } from './client.ts';
import { createGrpcServer, type GrpcServerOptions, type UnaryHandler } from './server.ts';
import { decodeGrpcMessage, GrpcError, readStatus } from './status.ts';

const cleanup: (() => unknown)[] = [];
after(async () => {
  for (const end of cleanup) await end();
});

const keepalive = {
  timeMs: 0,
  timeoutMs: 0,
  maxConnectionIdleMs: 0,
  maxConnectionAgeMs: 0,
  maxConnectionAgeGraceMs: 0,
};

async function serve(handler: UnaryHandler = async (message) => message, options: Partial<GrpcServerOptions> = {}) {
  const budget = options.budget ?? createByteBudget(2 ** 20);
  const server = createGrpcServer(new Map([['/test.Service/Echo', handler]]), {
    maxReceiveMessageBytes: 1000,
    bodyIdleTimeoutMs: 60_000,
    maxConcurrentStreams: 100,
    keepalive,
    ...options,
    budget,
  });
  const address = (await server.listen({
    endpoint: '127.0.0.1:0',
    transport: 'tcp',
    reusePort: false,
  })) as net.AddressInfo;
  const session = http2.connect(`http://127.0.0.1:${address.port}`);
  session.on('error', () => {});
  cleanup.push(
    () => session.destroy(),
    () => server.close(0),
  );
  return { server, session, budget, port: address.port };
}

interface Reply {
  status: string | undefined;
  message: string;
  httpStatus: number | undefined;
  headers: http2.IncomingHttpHeaders;
  body: Buffer;
  resetCode: number;
}

/** Sends raw DATA and collects the reply; `end: false` leaves the request open. */
async function call(
  session: http2.ClientHttp2Session,
  data: readonly Buffer[],
  headers: http2.OutgoingHttpHeaders = {},
  end = true,
): Promise<Reply> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/test.Service/Echo',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => {});
  const seen: http2.IncomingHttpHeaders = {};
  stream.on('response', (received) => Object.assign(seen, received));
  stream.on('trailers', (received) => Object.assign(seen, received));
  const body: Buffer[] = [];
  stream.on('data', (chunk) => body.push(chunk));
  for (const chunk of data) stream.write(chunk);
  if (end) stream.end();
  await once(stream, 'close');
  return {
    status: seen['grpc-status'] as string | undefined,
    message: decodeGrpcMessage(String(seen['grpc-message'] ?? '')),
    httpStatus: seen[':status'] as number | undefined,
    headers: seen,
    body: Buffer.concat(body),
    resetCode: stream.rstCode ?? 0,
  };
}

function framed(message: Uint8Array, flag = 0, sizeBytes = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(sizeBytes, 1);
  return Buffer.concat([prefix, message]);
}

const text = Buffer.from('hello');

test('a message may arrive byte by byte', async () => {
  const { session, budget } = await serve();
  const reply = await call(
    session,
    [...framed(text)].map((byte) => Buffer.from([byte])),
  );
  assert.equal(reply.status, '0');
  assert.deepEqual(reply.body, framed(text));
  assert.equal(budget.usedBytes, 0);
});

describe('compressed messages', () => {
  const cases: [string, Buffer][] = [
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['zstd', zstdCompressSync(text)],
  ];
  for (const [encoding, bytes] of cases) {
    test(encoding, async () => {
      const { session, budget } = await serve();
      const reply = await call(session, [framed(bytes, 1)], { 'grpc-encoding': encoding });
      assert.deepEqual([reply.status, reply.body.subarray(5).toString()], ['0', 'hello']);
      assert.equal(budget.usedBytes, 0);
    });
  }
});

describe('refuses', () => {
  const bomb = gzipSync(Buffer.alloc(50_000));
  const cases: [string, Buffer[], http2.OutgoingHttpHeaders, string, RegExp][] = [
    [
      'a message over the limit before it is read',
      [framed(text, 0, 1001)],
      {},
      '8',
      /^grpc: received message larger than max \(1001 vs\. 1000\)$/,
    ],
    ['a length of 4 GiB', [framed(text, 0, 2 ** 32 - 1)], {}, '8', /larger than max \(4294967295 vs\. 1000\)/],
    ['a bomb', [framed(bomb, 1)], { 'grpc-encoding': 'gzip' }, '8', /after decompression larger than max/],
    ['bytes that are no gzip', [framed(text, 1)], { 'grpc-encoding': 'gzip' }, '13', /failed to decompress/],
    [
      'half a gzip',
      [framed(gzipSync(text).subarray(0, 12), 1)],
      { 'grpc-encoding': 'gzip' },
      '13',
      /failed to decompress/,
    ],
    ['a compressed message without an encoding', [framed(text, 1)], {}, '13', /compressed flag set with identity/],
    [
      'an unknown encoding',
      [framed(text, 1)],
      { 'grpc-encoding': 'snappy' },
      '12',
      /Decompressor is not installed for grpc-encoding "snappy"/,
    ],
    ['an unknown flag', [framed(text, 7)], {}, '13', /flag byte before the message is 7/],
    [
      'an unknown method',
      [framed(text)],
      { ':path': '/test.Service/Nope' },
      '12',
      /unknown method \/test\.Service\/Nope/,
    ],
    ['no message', [], {}, '13', /ended before its message was complete/],
    ['half a prefix', [Buffer.from([0, 0])], {}, '13', /ended before its message was complete/],
    ['half a message', [framed(text, 0, 9)], {}, '13', /ended before its message was complete/],
    ['two messages', [framed(text), framed(text)], {}, '13', /more bytes follow/],
  ];
  for (const [name, data, headers, status, message] of cases) {
    test(name, async () => {
      const { session, budget } = await serve();
      const reply = await call(session, data, headers);
      assert.equal(reply.status, status);
      assert.match(reply.message, message);
      assert.equal(budget.usedBytes, 0);
      // The connection lives on.
      assert.equal((await call(session, [framed(text)])).status, '0');
    });
  }

  test('other content types with 415', async () => {
    const { session } = await serve();
    assert.equal((await call(session, [text], { 'content-type': 'application/json' })).httpStatus, 415);
  });

  test('requests beyond the bytes in flight, before they are read, as retryable', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { session, budget } = await serve(
      async (message) => {
        await held;
        return message;
      },
      { budget: createByteBudget(1500) },
    );
    const first = call(session, [framed(Buffer.alloc(1000))]);
    await until(() => budget.usedBytes === 1000);
    const second = await call(session, [framed(Buffer.alloc(501))], {}, false);
    assert.equal(second.status, '14');
    assert.equal(second.message, 'requests being handled already hold 1000 of 1500 bytes');
    release();
    assert.equal((await first).status, '0');
    assert.equal(budget.usedBytes, 0);
    assert.equal((await call(session, [framed(Buffer.alloc(1000))])).status, '0');
  });
});

describe('errors of handlers', () => {
  test('carry code, message and RetryInfo', async () => {
    const { session } = await serve(async () => {
      throw new GrpcError('RESOURCE_EXHAUSTED', 'später: 100%\n', { retryAfterMs: 2500 });
    });
    const reply = await call(session, [framed(text)]);
    assert.deepEqual([reply.status, reply.message], ['8', 'später: 100%\n']);
    const details = readStatus(Buffer.from(String(reply.headers['grpc-status-details-bin']), 'base64'));
    assert.equal(details?.retryAfterMs, 2500);
    assert.equal(details?.code, 'RESOURCE_EXHAUSTED');
  });

  test('that are no GrpcError are UNKNOWN', async () => {
    const { session } = await serve(async () => {
      throw new Error('bug');
    });
    assert.equal((await call(session, [framed(text)])).status, '2');
  });
});

describe('peers that stall', () => {
  test('a request without progress is ended and gives its bytes back', async () => {
    const { session, budget } = await serve(undefined, { bodyIdleTimeoutMs: 100 });
    const reply = await call(session, [framed(text, 0, 900)], {}, false);
    assert.equal(reply.status, '4');
    assert.match(reply.message, /no progress for 100 ms/);
    assert.equal(budget.usedBytes, 0);
  });

  test('a call whose deadline passes is told so, and its bytes count until the handler is done', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { session, budget } = await serve(
      async (message) => {
        await held;
        return message;
      },
      { bodyIdleTimeoutMs: 200 },
    );
    const reply = await call(session, [framed(text)], { 'grpc-timeout': '50m' });
    assert.equal(reply.status, '4');
    assert.equal(budget.usedBytes, 5);
    release();
    await until(() => budget.usedBytes === 0);
  });

  test('a request that is reset half way gives its bytes back', async () => {
    const { session, budget } = await serve();
    const stream = session.request({
      ':method': 'POST',
      ':path': '/test.Service/Echo',
      'content-type': 'application/grpc',
    });
    stream.on('error', () => {});
    stream.write(framed(text, 0, 900));
    await until(() => budget.usedBytes === 900);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => budget.usedBytes === 0);
  });

  test('a connection that is cut half way gives its bytes back', async () => {
    const { session, budget } = await serve();
    session
      .request({ ':method': 'POST', ':path': '/test.Service/Echo', 'content-type': 'application/grpc' })
      .on('error', () => {})
      .write(framed(text, 0, 900));
    await until(() => budget.usedBytes === 900);
    session.socket.destroy();
    await until(() => budget.usedBytes === 0);
  });

  test('a half-open connection is cut when it does not answer a ping', async () => {
    const { port } = await serve(undefined, {
      bodyIdleTimeoutMs: 100,
      keepalive: { ...keepalive, timeMs: 100, timeoutMs: 100 },
    });
    // Sends the HTTP/2 preface and an empty SETTINGS frame, then never a byte again.
    const socket = net.connect(port, '127.0.0.1');
    cleanup.push(() => socket.destroy());
    socket.write(
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex')]),
    );
    socket.resume();
    await once(socket, 'close');
  });

  test('a peer that does not speak HTTP/2 is cut, and others are served', async () => {
    const { port, session } = await serve();
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    assert.equal((await call(session, [framed(text)])).status, '0');
  });
});

describe('close', () => {
  test('lets calls under way end and sends clients away', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let started = false;
    const { server, session } = await serve(async (message) => {
      started = true;
      await held;
      return message;
    });
    const underWay = call(session, [framed(text)]);
    await until(() => started);
    const goaway = once(session, 'goaway');
    const closed = server.close(5000);
    await goaway;
    release();
    assert.equal((await underWay).status, '0');
    await closed;
  });

  test('cuts what does not end before the deadline', async () => {
    const { server, session } = await serve(() => new Promise(() => {}));
    const underWay = call(session, [framed(text)]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close(100);
    assert.equal((await underWay).status, undefined);
  });
});

test('the client and the server of this folder understand each other, in every compression', async () => {
  const { port } = await serve(undefined, { maxReceiveMessageBytes: 2 ** 20 });
  const message = Buffer.alloc(300_000, 'abc');
  for (const compression of ['none', 'gzip', 'deflate', 'zstd'] as const) {
    const client = createGrpcClient({
      target: { kind: 'tcp', host: '127.0.0.1', port, authority: `127.0.0.1:${port}` },
      compression,
      metadata: {},
      keepalive: { timeMs: 10_000, timeoutMs: 10_000 },
      maxReceiveMessageBytes: 2 ** 20,
    });
    const pieces = [message.subarray(0, 7), message.subarray(7, 200_000), message.subarray(200_000)];
    const echoed = await client.call('/test.Service/Echo', pieces, { timeoutMs: 5000 });
    assert.ok(message.equals(echoed), compression);
    client.close();
  }
});

test('calls that are refused while their request is still being sent end at once, all of them', async () => {
  const { port } = await serve(() => new Promise(() => {}), {
    maxReceiveMessageBytes: 2 ** 22,
    budget: createByteBudget(100),
  });
  const message = [Buffer.alloc(2 ** 22)];
  const client = createGrpcClient({
    target: { kind: 'tcp', host: '127.0.0.1', port, authority: `127.0.0.1:${port}` },
    compression: 'none',
    metadata: {},
    keepalive: { timeMs: 10_000, timeoutMs: 10_000 },
    maxReceiveMessageBytes: 2 ** 20,
  });
  cleanup.push(() => client.close());
  const calls = Array.from({ length: 50 }, () => client.call('/test.Service/Echo', message, { timeoutMs: 20_000 }));
  const codes = (await Promise.allSettled(calls)).map((call) => call.status === 'rejected' && call.reason.code);
  assert.deepEqual(new Set(codes), new Set(['UNAVAILABLE']));
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('the condition did not come true within 4 s');
}
