/** The OTLP/gRPC exporter against a real grpc-js server and against peers that misbehave. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import { after, describe, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { ConsumeError } from '../../component/errors.ts';
import { parseConfig } from '../../component/parse.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { Batch } from '../../pdata/batch.ts';
import { jsonToWire } from '../../pdata/otlp/json.ts';
import { writeStatus } from '../../wire/grpc/status.ts';
import { createCertificates } from '../../wire/testing/certificates.ts';
import { parseEndpoint } from './endpoint.ts';
import otlpGrpc from './index.ts';

type Reply = { response: Buffer } | { error: Partial<grpc.StatusObject> };

const cleanup: (() => unknown)[] = [];
after(async () => {
  for (const end of cleanup) await end();
});

/** A server that keeps what it got and answers with the next of `replies`, then with success. */
async function peer(replies: Reply[] = [], atPort = 0, credentials = grpc.ServerCredentials.createInsecure()) {
  const requests: { body: Buffer; metadata: grpc.Metadata }[] = [];
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 32 * 2 ** 20 });
  const identity = (bytes: Buffer) => bytes;
  const method = (path: string) => ({
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  });
  const handle: grpc.handleUnaryCall<Buffer, Buffer> = (call, done) => {
    requests.push({ body: call.request, metadata: call.metadata });
    const reply = replies.shift() ?? { response: Buffer.alloc(0) };
    if ('error' in reply) done(reply.error);
    else done(null, reply.response);
  };
  server.addService(
    {
      traces: method('/opentelemetry.proto.collector.trace.v1.TraceService/Export'),
      profiles: method('/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export'),
    },
    { traces: handle, profiles: handle },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${atPort}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  cleanup.push(() => server.forceShutdown());
  return { port, requests, server };
}

async function exporter(port: number, options: object = {}) {
  const parsed = parseConfig(otlpGrpc.config, {
    endpoint: `127.0.0.1:${port}`,
    tls: { insecure: true },
    // Failures come straight back to consume().
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
    ...options,
  });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const context = createTestContext(parsed.value, { id: 'otlp_grpc' });
  const created = otlpGrpc.create(context);
  await created.start?.();
  let down: Promise<void> | undefined;
  const shutdown = () => (down ??= created.shutdown!());
  cleanup.push(shutdown);
  return { context, consume: created.consume, shutdown };
}

function traces(name = 'x'): Batch {
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name };
  return Batch.fromWire(
    'traces',
    jsonToWire('traces', Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }))),
  );
}

for (const compression of ['none', 'gzip', 'deflate'] as const) {
  test(`sends the joined messages of a batch as one request, compression ${compression}`, async () => {
    const server = await peer();
    const { consume, context } = await exporter(server.port, { compression, headers: { 'X-Key': 'k' } });
    const batch = Batch.concat([traces('a'), traces('b'.repeat(100_000))]);
    const joined = Buffer.concat(batch.wire);
    await consume(batch);
    assert.equal(server.requests.length, 1);
    assert.deepEqual(server.requests[0]!.body, joined);
    assert.deepEqual(server.requests[0]!.metadata.get('x-key'), ['k']);
    assert.equal(context.metric('exporter_sent_spans'), 2);
  });
}

test('several calls share one connection', async () => {
  const server = await peer();
  const { consume } = await exporter(server.port);
  await Promise.all(Array.from({ length: 50 }, (_, i) => consume(traces(`span ${i}`))));
  assert.equal(server.requests.length, 50);
});

test('a partial success is logged, not repeated, and counts as sent', async () => {
  // partial_success { rejected_spans: 3, error_message: "no" }
  const server = await peer([{ response: Buffer.from('0a060803 12026e6f'.replace(' ', ''), 'hex') }]);
  const { consume, context } = await exporter(server.port, { retry_on_failure: { enabled: true } });
  await consume(traces());
  assert.equal(server.requests.length, 1);
  assert.deepEqual(
    context.logged.find((line) => line.level === 'warn'),
    {
      level: 'warn',
      message: 'Partial success response',
      fields: { message: 'no', dropped: 3 },
    },
  );
});

describe('classifies the status of the peer', () => {
  const details = (retryAfterMs: number) => {
    const metadata = new grpc.Metadata();
    metadata.set('grpc-status-details-bin', writeStatus({ code: 'RESOURCE_EXHAUSTED', message: 'slow', retryAfterMs }));
    return metadata;
  };
  const cases: [string, Partial<grpc.StatusObject>, { permanent: boolean; retryAfterMs?: number }][] = [
    ['CANCELLED', { code: 1 }, { permanent: false }],
    ['UNKNOWN', { code: 2 }, { permanent: true }],
    ['INVALID_ARGUMENT', { code: 3 }, { permanent: true }],
    ['DEADLINE_EXCEEDED', { code: 4 }, { permanent: false }],
    ['PERMISSION_DENIED', { code: 7 }, { permanent: true }],
    ['RESOURCE_EXHAUSTED without RetryInfo', { code: 8 }, { permanent: true }],
    [
      'RESOURCE_EXHAUSTED with RetryInfo',
      { code: 8, metadata: details(2500) },
      { permanent: false, retryAfterMs: 2500 },
    ],
    ['ABORTED', { code: 10 }, { permanent: false }],
    ['OUT_OF_RANGE', { code: 11 }, { permanent: false }],
    ['UNIMPLEMENTED', { code: 12 }, { permanent: true }],
    ['INTERNAL', { code: 13 }, { permanent: true }],
    ['UNAVAILABLE', { code: 14 }, { permanent: false }],
    ['DATA_LOSS', { code: 15 }, { permanent: false }],
    ['UNAUTHENTICATED', { code: 16 }, { permanent: true }],
  ];
  for (const [name, error, expected] of cases) {
    test(name, async () => {
      const server = await peer([{ error: { details: 'grüße 100%', ...error } }]);
      const { consume } = await exporter(server.port);
      const failure = await consume(traces()).then(
        () => assert.fail('was accepted'),
        (e) => e,
      );
      assert.ok(failure instanceof ConsumeError);
      assert.equal(failure.permanent, expected.permanent);
      assert.equal(failure.retryAfterMs, expected.retryAfterMs);
      assert.match(failure.message, /: grüße 100%/);
    });
  }
});

test('repeats a retryable failure and then succeeds', async () => {
  const server = await peer([{ error: { code: 14 } }, { error: { code: 14 } }]);
  const { consume } = await exporter(server.port, { retry_on_failure: { initial_interval: '10ms' } });
  await consume(traces());
  assert.equal(server.requests.length, 3);
});

test('while the peer is down, data waits and calls fail with an error that names the address', async () => {
  const reserved = await peer();
  reserved.server.forceShutdown();
  const { consume, context } = await exporter(reserved.port, { retry_on_failure: { initial_interval: '100ms' } });
  const delivered = consume(traces());
  const waits = () => context.statuses.find(({ status }) => status === 'recoverable_error');
  while (!waits()) await new Promise((resolve) => setTimeout(resolve, 5));
  const again = await peer([], reserved.port);
  await delivered;
  assert.equal(again.requests.length, 1);
  assert.equal(
    waits()?.message,
    `UNAVAILABLE: no connection to 127.0.0.1:${reserved.port}: connect ECONNREFUSED 127.0.0.1:${reserved.port}`,
  );
});

test('a peer that never answers is cut off after the timeout', async () => {
  const server = createServer();
  server.on('session', (session) => cleanup.push(() => session.destroy()));
  server.on('stream', (stream) => stream.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => server.close());
  const { consume } = await exporter((server.address() as { port: number }).port, { timeout: '150ms' });
  const failure = await consume(traces()).catch((error) => error);
  assert.equal(failure.grpcCode, 'DEADLINE_EXCEEDED');
  assert.equal(failure.permanent, false);
});

test('a peer that goes away gets no new calls: the next one makes a new connection', async () => {
  let sessions = 0;
  const server = createServer();
  server.on('session', (session) => {
    sessions++;
    session.on('error', () => {});
  });
  server.on('stream', (stream) => {
    stream.resume();
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.end(Buffer.alloc(5));
    stream.session!.goaway();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => server.close());
  const { consume } = await exporter((server.address() as { port: number }).port);
  for (let i = 0; i < 3; i++) await consume(traces());
  assert.equal(sessions, 3);
});

test('speaks mutual TLS, which is on unless insecure is set', async () => {
  const certificates = createCertificates(['server', 'client']);
  cleanup.push(() => certificates.remove());
  const pem = (name: string) => readFileSync(certificates.file(name));
  const pair = { private_key: pem('server.key'), cert_chain: pem('server.pem') };
  const server = await peer([], 0, grpc.ServerCredentials.createSsl(pem('ca.pem'), [pair], true));
  const tls = {
    ca_file: certificates.file('ca.pem'),
    cert_file: certificates.file('client.pem'),
    key_file: certificates.file('client.key'),
  };
  const { consume } = await exporter(server.port, { tls });
  await consume(traces());
  assert.equal(server.requests.length, 1);
});

test('a peer that speaks plain text is told apart from one that is down', async () => {
  const server = await peer();
  const { consume } = await exporter(server.port, { tls: {} });
  const failure = await consume(traces()).catch((error) => error);
  assert.equal(failure.permanent, false);
  assert.match(
    failure.message,
    /TLS with 127\.0\.0\.1:\d+ failed: wrong version number; if the peer speaks plain text, set tls\.insecure: true$/,
  );
});

describe('endpoint', () => {
  const cases: [string, object | undefined][] = [
    ['localhost:4317', { kind: 'tcp', host: 'localhost', port: 4317, authority: 'localhost:4317', https: false }],
    ['http://a.b:4317', { kind: 'tcp', host: 'a.b', port: 4317, authority: 'a.b:4317', https: false }],
    ['https://a.b', { kind: 'tcp', host: 'a.b', port: 443, authority: 'a.b:443', https: true }],
    ['dns:///a.b:1', { kind: 'tcp', host: 'a.b', port: 1, authority: 'a.b:1', https: false }],
    ['[::1]:4317', { kind: 'tcp', host: '::1', port: 4317, authority: '[::1]:4317', https: false }],
    [':4317', { kind: 'tcp', host: 'localhost', port: 4317, authority: 'localhost:4317', https: false }],
    ['unix:///run/o.sock', { kind: 'unix', path: '/run/o.sock', authority: 'localhost', https: false }],
    ['localhost', undefined],
    ['ftp://x:1', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    test(text || '(empty)', () => assert.deepEqual(parseEndpoint(text), expected));
  }
});
