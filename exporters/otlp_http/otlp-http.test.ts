/** The OTLP/HTTP exporter against node:http servers that answer as OTLP servers do, well and badly. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { after, describe, test } from 'node:test';
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { ConsumeError } from '../../component/errors.ts';
import { parseConfig } from '../../component/parse.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { Batch } from '../../pdata/batch.ts';
import { jsonToWire } from '../../pdata/otlp/json.ts';
import { writeStatus } from '../../wire/grpc/status.ts';
import otlpHttp from './index.ts';

const cleanup: (() => unknown)[] = [];
after(async () => {
  for (const end of cleanup) await end();
});

interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

const proto = { 'content-type': 'application/x-protobuf' };

/** A server that keeps what it got and answers with the next of `replies`, then with success. */
async function peer(replies: (Reply | ((response: ServerResponse) => void))[] = []) {
  const requests: { url: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ url: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
    const reply: (typeof replies)[number] = replies.shift() ?? { status: 200, headers: proto };
    if (typeof reply === 'function') reply(response);
    else response.writeHead(reply.status, reply.headers).end(reply.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, requests };
}

async function exporter(options: object) {
  const parsed = parseConfig(otlpHttp.config, {
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
    ...options,
  });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const context = createTestContext(parsed.value, { id: 'otlp_http' });
  const created = otlpHttp.create(context);
  await created.start?.();
  cleanup.push(() => created.shutdown!());
  return { context, consume: created.consume };
}

function traces(name = 'x'): Batch {
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name };
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
  return Batch.fromWire('traces', jsonToWire('traces', Buffer.from(JSON.stringify(request))));
}

describe('a batch is one request, compressed as configured', () => {
  const cases: [string, string | undefined, (bytes: Buffer) => Buffer][] = [
    ['none', undefined, (bytes) => bytes],
    ['gzip', 'gzip', gunzipSync],
    ['zstd', 'zstd', zstdDecompressSync],
    ['deflate', 'deflate', inflateSync],
    ['zlib', 'zlib', inflateSync],
  ];
  for (const [compression, encoding, decompress] of cases) {
    test(compression, async () => {
      const server = await peer();
      const { consume } = await exporter({ endpoint: server.url, compression, headers: { 'X-Key': 'k' } });
      const batch = Batch.concat([traces('a'), traces('b'.repeat(100_000))]);
      const joined = Buffer.concat(batch.wire);
      await consume(batch);
      const [request] = server.requests;
      assert.equal(request!.url, '/v1/traces');
      assert.equal(request!.headers['content-encoding'], encoding);
      assert.equal(request!.headers['content-type'], 'application/x-protobuf');
      assert.equal(request!.headers['x-key'], 'k');
      assert.ok(decompress(request!.body).equals(joined));
    });
  }
});

test('encoding json sends OTLP JSON', async () => {
  const server = await peer();
  const { consume } = await exporter({ endpoint: `${server.url}/base/`, encoding: 'json', compression: 'none' });
  await consume(traces('über'));
  const [request] = server.requests;
  assert.equal(request!.url, '/base/v1/traces');
  assert.equal(request!.headers['content-type'], 'application/json');
  const sent = JSON.parse(request!.body.toString());
  assert.equal(sent.resourceSpans[0].scopeSpans[0].spans[0].name, 'über');
  assert.equal(sent.resourceSpans[0].scopeSpans[0].spans[0].traceId, '0af7651916cd43dd8448eb211c80319c');
});

test('a signal may have an address of its own', async () => {
  const server = await peer();
  const { consume } = await exporter({ traces_endpoint: `${server.url}/t?x=1` });
  await consume(traces());
  assert.equal(server.requests[0]!.url, '/t?x=1');
});

describe('classifies the answer', () => {
  const later = new Date(Date.now() + 60_000).toUTCString();
  const cases: [string, Reply, { permanent: boolean; message: RegExp; retryAfterMs?: [number, number] }][] = [
    [
      '400 with a Status',
      { status: 400, headers: proto, body: writeStatus({ code: 'INVALID_ARGUMENT', message: 'bad' }) },
      { permanent: true, message: /HTTP status 400: bad$/ },
    ],
    [
      '401 with JSON',
      { status: 401, headers: { 'content-type': 'application/json' }, body: '{"code":16,"message":"who"}' },
      { permanent: true, message: /401: who$/ },
    ],
    [
      '404 with text',
      { status: 404, body: '404 page not found\n' },
      { permanent: true, message: /404: 404 page not found$/ },
    ],
    ['413', { status: 413 }, { permanent: true, message: /413$/ }],
    ['500', { status: 500 }, { permanent: true, message: /500$/ }],
    [
      '429 with seconds',
      { status: 429, headers: { 'retry-after': '7' } },
      { permanent: false, message: /429$/, retryAfterMs: [7000, 7000] },
    ],
    ['502', { status: 502 }, { permanent: false, message: /502$/ }],
    [
      '503 with a date',
      { status: 503, headers: { 'retry-after': later } },
      { permanent: false, message: /503$/, retryAfterMs: [50_000, 60_000] },
    ],
    ['504', { status: 504 }, { permanent: false, message: /504$/ }],
    [
      '200 that is no OTLP',
      { status: 200, headers: proto, body: '<html>' },
      { permanent: true, message: /cannot be read/ },
    ],
  ];
  for (const [name, reply, expected] of cases) {
    test(name, async () => {
      const server = await peer([reply]);
      const { consume } = await exporter({ endpoint: server.url });
      const failure = await consume(traces()).then(
        () => assert.fail('was accepted'),
        (e) => e,
      );
      assert.ok(failure instanceof ConsumeError, String(failure));
      assert.equal(failure.permanent, expected.permanent);
      assert.match(failure.message, expected.message);
      const [min, max] = expected.retryAfterMs ?? [-1, -1];
      const waitMs = failure.retryAfterMs ?? -1;
      assert.ok(waitMs >= min && waitMs <= max, `${waitMs}`);
    });
  }
});

for (const [name, headers, body] of [
  ['protobuf', proto, Buffer.from('0a06080312026e6f', 'hex')],
  ['JSON', { 'content-type': 'application/json' }, '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}}'],
] as const) {
  test(`a partial success in ${name} is logged and not repeated`, async () => {
    const server = await peer([{ status: 200, headers, body }]);
    const { consume, context } = await exporter({ endpoint: server.url, retry_on_failure: { enabled: true } });
    await consume(traces());
    assert.equal(server.requests.length, 1);
    assert.deepEqual(
      context.logged.map(({ message, fields }) => [message, fields]),
      [['Partial success response', { message: 'no', dropped: 3 }]],
    );
  });
}

test('a peer that never answers is cut off after the timeout', async () => {
  const server = await peer([() => {}]);
  const { consume } = await exporter({ endpoint: server.url, timeout: '150ms' });
  const failure = await consume(traces()).catch((error) => error);
  assert.equal(failure.permanent, false);
  assert.equal(failure.grpcCode, 'DEADLINE_EXCEEDED');
});

test('a peer that is not there is a retryable error that names the address', async () => {
  const { consume } = await exporter({ endpoint: 'http://127.0.0.1:1' });
  const failure = await consume(traces()).catch((error) => error);
  assert.equal(failure.permanent, false);
  assert.equal(failure.message, 'no answer from http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1');
});

test('a kept-alive connection that the peer closed just now is replaced without a failure', async () => {
  const server = await peer([{ status: 200, headers: proto }, (response) => response.socket!.resetAndDestroy()]);
  const { consume } = await exporter({ endpoint: server.url });
  await consume(traces('first'));
  await consume(traces('second'));
  assert.equal(server.requests.length, 3);
});

test('configuration without any endpoint is an error', () => {
  const parsed = parseConfig(otlpHttp.config, {});
  assert.ok(!parsed.ok);
  assert.deepEqual(parsed.issues, [{ path: [], message: 'at least one endpoint must be specified' }]);
});
