/** Hostile and broken senders against the real binary: right answers, memory under the limit, others still served. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { startCollector, statusBytes } from './kit/collector.ts';
import { crafted } from './kit/crafted.ts';
import { type Reply, send } from './kit/http.ts';
import { services } from './kit/otlp-names.ts';
import { sendGrpc, sendHttp } from './kit/otlp-send.ts';
import { freePorts } from './kit/ports.ts';
import { startSink } from './kit/sink.ts';
import { until } from './kit/wait.ts';

const limitMib = 400;
const good = Buffer.from(crafted.traces);
const json = { 'content-type': 'application/json' };
const bomb = gzipSync(Buffer.alloc(300 * 2 ** 20));
/** A large bomb, one whose trailer announces a single byte, and one so small that it is inflated without the thread pool. */
const bombs = [
  bomb,
  Buffer.concat([bomb.subarray(0, -4), Buffer.from([1, 0, 0, 0])]),
  gzipSync(Buffer.alloc(28 * 2 ** 20)),
];

test('HTTP: each kind of bad request gets its status, and a reason in words', async (t) => {
  const { httpPort } = await start(t);
  const path = { host: '127.0.0.1', port: httpPort, path: '/v1/traces' };
  const post = (body: string | Uint8Array, headers = {}) => sendHttp(httpPort, 'traces', body, headers);
  const deep = `${'{"a":['.repeat(20_000)}1`;
  const cases: [name: string, answer: Promise<Reply>, status: number, words: RegExp][] = [
    ['protobuf cut short', post(good.subarray(0, good.length - 5)), 400, /byte|truncated|ends/i],
    ['protobuf that is noise', post(Buffer.alloc(100, 0xff)), 400, /\w+ \w+/],
    ['a trace id of 3 bytes', post(Buffer.from('0a09120712050a03010203', 'hex')), 400, /trace_?id/i],
    ['JSON cut short', post('{"resourceSpans":[{', json), 400, /JSON|unexpected|end/i],
    ['JSON of the wrong shape', post('{"resourceSpans":{"a":1}}', json), 400, /resourceSpans/],
    ['JSON nested 20,000 deep', post(deep, json), 400, /\w+ \w+/],
    ['no JSON at all', post('<xml/>', json), 400, /JSON|unexpected/i],
    ['gzip that is none', post('hello', { 'content-encoding': 'gzip' }), 400, /decompress/],
    ['gzip cut short', post(gzipSync(good).subarray(0, 40), { 'content-encoding': 'gzip' }), 400, /decompress/],
    ['a gzip bomb', post(bomb, { 'content-encoding': 'gzip' }), 400, /too large/],
    ['an unknown encoding', post(good, { 'content-encoding': 'br' }), 400, /Content-Encoding: br/],
    ['a content type that OTLP has not', post(good, { 'content-type': 'text/csv' }), 415, /unsupported media type/],
    ['GET', send({ ...path, method: 'GET' }), 405, /method not allowed/],
    ['an unknown path', send({ ...path, path: '/v2/traces', method: 'POST' }), 404, /not found/],
  ];
  for (const [name, answer, status, words] of cases) {
    const reply = await answer;
    assert.equal(reply.status, status, `${name}: ${reply.body}`);
    assert.match(reply.body.toString(), words, name);
  }
  assert.equal((await post(zstdCompressSync(good), { 'content-encoding': 'zstd' })).status, 200);
});

test('HTTP: a body that says it is too large is refused before it is sent', async (t) => {
  const { httpPort } = await start(t);
  const socket = connect(httpPort, '127.0.0.1');
  socket.write(
    'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 99999999\r\n\r\n',
  );
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 400 [\s\S]*too large/);
  socket.destroy();
});

test('gRPC: each kind of bad call gets its code, and a reason in words', async (t) => {
  const { grpcPort } = await start(t);
  const path = `/${services.traces}/Export`;
  const cases: [name: string, call: RawCall, code: number, words: RegExp][] = [
    ['protobuf cut short', { path, body: frame(good.subarray(0, good.length - 5)) }, 3, /byte|truncated|ends/i],
    ['a message over the limit', { path, body: frame(Buffer.alloc(5 * 2 ** 20)) }, 8, /larger than max/],
    ['a length that lies', { path, body: Buffer.from('00ffffffff', 'hex') }, 8, /larger than max/],
    ['a gzip bomb', { path, body: frame(bomb, 1), encoding: 'gzip' }, 8, /larger than max|too large/],
    ['gzip that is none', { path, body: frame(Buffer.from('hello'), 1), encoding: 'gzip' }, 13, /decompress/],
    ['an unknown compression', { path, body: frame(good, 1), encoding: 'br' }, 12, /br/],
    ['an unknown method', { path: '/a.B/C', body: frame(good) }, 12, /a\.B/],
  ];
  for (const [name, call, code, words] of cases) {
    const { status, message } = await rawCall(grpcPort, call);
    assert.equal(status, code, `${name}: ${status} ${message}`);
    assert.match(message, words, name);
  }
  await sendGrpc(grpcPort, 'traces', good);
});

test('noise on both ports does no harm', async (t) => {
  const { grpcPort, httpPort, sink } = await start(t);
  for (const port of [grpcPort, httpPort]) {
    for (const noise of [
      '\0'.repeat(1000),
      'GET / HTTP/1.1\r\n'.repeat(500),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnoise',
    ]) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.resume().end(noise);
      await once(socket, 'close');
    }
  }
  await sendGrpc(grpcPort, 'traces', good);
  assert.equal((await sendHttp(httpPort, 'traces', good)).status, 200);
  await until('both requests at the sink', 10_000, async () => sink.bodies('traces').length === 2);
});

test('senders that stop in the middle are cut off, and others are served meanwhile', async (t) => {
  const { grpcPort, httpPort } = await start(t);
  const head = 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n';
  const stalled: Socket[] = [];
  for (let number = 0; number < 50; number++) {
    stalled.push(stall(httpPort, 'POST /v1/tr'), stall(httpPort, `${head}Content-Length: 1000\r\n\r\nab`));
    stalled.push(stall(httpPort, `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nab`));
  }
  const half = connectHttp2(`http://127.0.0.1:${grpcPort}`).on('error', () => {});
  const call = half.request({
    ':method': 'POST',
    ':path': `/${services.traces}/Export`,
    'content-type': 'application/grpc',
  });
  call.on('error', () => {}).write(Buffer.from('0000000064ab', 'hex'));
  const callEnded = new Promise((resolve) => call.on('close', resolve));

  assert.equal((await sendHttp(httpPort, 'traces', good)).status, 200);
  await sendGrpc(grpcPort, 'traces', good);
  // The configuration below lets a sender pause for one second.
  const closed = stalled.map((socket) => socket.closed || once(socket, 'close'));
  await withTimeout(15_000, 'the end of the stalled connections', Promise.all([...closed, callEnded]));
  half.destroy();
});

test('memory stays under the limit while bombs and large bodies come from everywhere', async (t) => {
  const { pid, grpcPort, httpPort, sink } = await start(t);
  const large = Buffer.alloc(19 * 2 ** 20, 0xff);
  const statuses = new Map<string, number>();
  const count = (name: string) => statuses.set(name, (statuses.get(name) ?? 0) + 1);
  const attacks = Array.from({ length: 90 }, async (_, number) => {
    switch (Math.floor(number / 3) % 3) {
      case 0: {
        const body = bombs[number % bombs.length]!;
        const reply = await sendHttp(httpPort, 'traces', body, { 'content-encoding': 'gzip' }).catch(() => undefined);
        return count(`bomb over HTTP ${reply?.status}`);
      }
      case 1: {
        const reply = await sendHttp(httpPort, 'traces', large).catch(() => undefined);
        return count(`large over HTTP ${reply?.status}`);
      }
      default: {
        const { status } = await rawCall(grpcPort, {
          path: `/${services.traces}/Export`,
          body: frame(bomb, 1),
          encoding: 'gzip',
        });
        return count(`bomb over gRPC ${status}`);
      }
    }
  });
  await Promise.all(attacks);
  const peakMib = statusBytes(pid, 'VmHWM') / 2 ** 20;
  t.diagnostic(`peak RSS ${peakMib.toFixed(0)} MiB of ${limitMib}; ${JSON.stringify(Object.fromEntries(statuses))}`);
  assert.ok(peakMib < limitMib, `peak RSS was ${peakMib} MiB`);
  await until(
    'a good request to be accepted',
    10_000,
    async () => (await sendHttp(httpPort, 'traces', good)).status === 200,
  );
  await until('its arrival', 10_000, async () => sink.bodies('traces').length > 0);
});

/** A collector that forwards to a sink, with short patience and little memory. */
async function start(t: TestContext) {
  const [grpcPort, httpPort] = (await freePorts(2)) as [number, number];
  const sink = await startSink(t);
  const config = `
receivers:
  otlp:
    max_bytes_in_flight: 32MiB
    protocols:
      grpc: {endpoint: "127.0.0.1:${grpcPort}", body_idle_timeout: 1s}
      http: {endpoint: "127.0.0.1:${httpPort}", body_idle_timeout: 1s, read_header_timeout: 1s}
processors:
  memory_limiter: {check_interval: 100ms, limit_mib: ${limitMib}, spike_limit_mib: 100}
exporters:
  otlp_grpc: {endpoint: "127.0.0.1:${sink.grpcPort}", tls: {insecure: true}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter], exporters: [otlp_grpc]}
`;
  const { pid } = await startCollector(t, [], [config]);
  return { pid, grpcPort, httpPort, sink };
}

interface RawCall {
  path: string;
  body: Buffer;
  encoding?: string;
}

/** One gRPC call whose bytes no library has looked at. */
async function rawCall(port: number, { path, body, encoding }: RawCall): Promise<{ status: number; message: string }> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const call = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(encoding !== undefined && { 'grpc-encoding': encoding }),
  });
  return new Promise((resolve, reject) => {
    const take = (headers: NodeJS.Dict<string | string[] | number>) => {
      const { 'grpc-status': status, 'grpc-message': message } = headers;
      if (status !== undefined) resolve({ status: Number(status), message: decodeURIComponent(String(message ?? '')) });
    };
    session.on('error', reject);
    call
      .on('response', take)
      .on('trailers', take)
      .on('error', reject)
      .on('data', () => {});
    call.on('close', () => {
      reject(new Error('the call ended without a status'));
      session.destroy();
    });
    call.end(body);
  });
}

/** The 5-byte prefix of gRPC and the message. */
function frame(message: Uint8Array, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A connection that says this much and no more. */
function stall(port: number, start: string): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.resume().write(start);
  return socket;
}

async function withTimeout<T>(withinMs: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not happen within ${withinMs} ms`)), withinMs);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
