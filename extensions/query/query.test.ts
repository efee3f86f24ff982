import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import protobuf from 'protobufjs';
import { OperatorError } from '../../component/errors.ts';
import { createTestContext, type TestContext } from '../../component/testing/context.ts';
import { insertSpans } from '../../querier/testing/insert.ts';
import { openQueriedStore } from '../../querier/testing/store.ts';
import type { QueryConfig } from './config.ts';
import query from './index.ts';

const { client, socketPath } = await openQueriedStore({ after });
const baseNs = BigInt(Date.now() - 60_000) * 1_000_000n;
const traceId = '0123456789abcdef0123456789abcdef';
const rootId = '00000000000000a1';
const childId = '00000000000000a2';
await insertSpans(client, [
  {
    traceId,
    spanId: rootId,
    service: 'web',
    name: 'GET /',
    kind: 2,
    startNs: baseNs,
    durationNs: 90_000_000,
    attributes: { 'http.status_code': ['500', 'i'], big: ['9007199254740993', 'i'], ok: ['false', 'b'] },
  },
  {
    traceId,
    spanId: childId,
    parentSpanId: rootId,
    service: 'db',
    name: 'SELECT',
    kind: 3,
    startNs: baseNs + 1_000_000n,
    durationNs: 2_000_000,
    status: 2,
    events: [{ timeNs: baseNs + 1_500_000n, name: 'retry' }],
  },
]);

/** Whatever the answer holds: the assertions say what it has to be. */
type Json = ReturnType<typeof JSON.parse>;

interface Served {
  context: TestContext<QueryConfig>;
  base: string;
  ask(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; text: string; body: Json }>;
}

async function serve(owner: { after(cleanUp: () => Promise<void>): void }, config: object = {}): Promise<Served> {
  const parsed = query.config.parse({
    endpoint: 'localhost:0',
    clickhouse: { endpoint: `unix:${socketPath}` },
    ...config,
  });
  const context = createTestContext(parsed, {
    id: 'query',
    host: {
      health: () => [{ kind: 'receiver', id: 'otlp', pipelines: ['traces'], status: 'ok', sinceMs: 1 }],
      ownMetrics: async () =>
        '# TYPE otelcol_x counter\notelcol_x{receiver="otlp",text="a \\"b\\""} 12\nother_metric 3\n',
    },
  });
  const extension = query.create(context);
  await extension.start!();
  owner.after(() => extension.shutdown!());
  const base = context.listeners[0]!.url;
  return {
    context,
    base,
    async ask(path, init) {
      const response = await fetch(base + path, init);
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
    },
  };
}

const served = await serve({ after });
const { ask } = served;
const sql = (text: string) => ask('/api/v1/sql', { method: 'POST', body: text });

test('SQL answers in the JSON format of ClickHouse', async () => {
  const { status, body } = await sql("SELECT 1 AS one, 'x' AS text, toUInt64(18446744073709551615) AS big;");
  assert.equal(status, 200);
  assert.deepEqual(body.meta, [
    { name: 'one', type: 'UInt8' },
    { name: 'text', type: 'String' },
    { name: 'big', type: 'UInt64' },
  ]);
  assert.deepEqual(body.data, [{ one: 1, text: 'x', big: '18446744073709551615' }]);
  assert.equal(body.rows, 1);
});

const refusals: [sql: string, status: number, code: string][] = [
  ['', 400, 'BAD_REQUEST'],
  ['DROP TABLE otel.spans', 403, 'FORBIDDEN'],
  ['/* x */ -- y\n insert into otel.logs (body) values (1)', 403, 'FORBIDDEN'],
  ['SELECT nope', 400, 'QUERY_FAILED'],
  ['SELEKT 1', 400, 'QUERY_FAILED'],
  ["SELECT * FROM file('/etc/passwd', 'LineAsString')", 403, 'FORBIDDEN'],
  ["SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')", 403, 'FORBIDDEN'],
  ['SELECT 1; DROP TABLE otel.spans', 400, 'QUERY_FAILED'],
];

for (const [text, status, code] of refusals) {
  test(`SQL is refused: ${JSON.stringify(text)}`, async () => {
    const answer = await sql(text);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.body.error.code, code, answer.text);
    assert.ok(answer.body.error.message.length > 10);
  });
}

test('a query that takes too long is stopped, and the answer says what to do', async (t) => {
  const { ask } = await serve(t, { limits: { max_execution_time: '1s' } });
  const { status, body } = await ask('/api/v1/sql', {
    method: 'POST',
    body: 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)',
  });
  assert.equal(status, 422);
  assert.equal(body.error.code, 'QUERY_TOO_EXPENSIVE');
  assert.match(body.error.message, /limits.max_execution_time/);
});

test('a query is stopped in the store when its caller goes away', async () => {
  const marker = `gone_${process.pid}`;
  const running = async () => {
    const found = await client.query({
      query: `SELECT count() AS n FROM system.processes WHERE position(query, '${marker}') > 0 AND position(query, 'numbers(') > 0 AND position(query, 'system.processes') = 0`,
      format: 'JSONEachRow',
    });
    return Number(((await found.json()) as { n: string }[])[0]!.n);
  };
  const control = new AbortController();
  const answer = ask('/api/v1/sql', {
    method: 'POST',
    body: `SELECT sum(cityHash64(number)) AS ${marker} FROM numbers(1000000000000)`,
    signal: control.signal,
  });
  const aborted = assert.rejects(answer);
  await until(async () => (await running()) > 0);
  control.abort();
  await aborted;
  await until(async () => (await running()) === 0);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await condition()) return;
    await sleep(50);
  }
  assert.fail('did not happen within 5 s');
}

// Another implementation's reader of the protobuf that Tempo answers with.
const tempopb = protobuf.parse(`
  syntax = "proto3";
  message TraceByIDResponse { Trace trace = 1; }
  message Trace { repeated ResourceSpans batches = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; repeated Event events = 11; Status status = 15; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; }
  message Status { string message = 2; int32 code = 3; }
`).root;

async function protobufOf(path: string, message: string): Promise<Json> {
  const response = await fetch(served.base + path, { headers: { accept: 'application/protobuf' } });
  assert.equal(response.headers.get('content-type'), 'application/protobuf');
  const type = tempopb.lookupType(message);
  return type.toObject(type.decode(new Uint8Array(await response.arrayBuffer())), { longs: String, bytes: String });
}

for (const prefix of ['', '/tempo']) {
  test(`Tempo below "${prefix}/api" gives a trace as protobuf, in both versions`, async () => {
    const { batches } = await protobufOf(`${prefix}/api/traces/${traceId}`, 'Trace');
    const { trace } = await protobufOf(`${prefix}/api/v2/traces/${traceId}`, 'TraceByIDResponse');
    assert.deepEqual(trace.batches, batches);
    assert.deepEqual(batches[0].resource.attributes, [{ key: 'service.name', value: { stringValue: 'web' } }]);
    const [root] = batches[0].scopeSpans[0].spans;
    assert.equal(Buffer.from(root.traceId, 'base64').toString('hex'), traceId);
    assert.deepEqual(root.attributes, [
      { key: 'http.status_code', value: { intValue: '500' } },
      { key: 'big', value: { intValue: '9007199254740993' } },
      { key: 'ok', value: { boolValue: false } },
    ]);
    assert.equal(root.endTimeUnixNano, String(baseNs + 90_000_000n));
    const [child] = batches[1].scopeSpans[0].spans;
    assert.equal(Buffer.from(child.parentSpanId, 'base64').toString('hex'), rootId);
    assert.deepEqual(child.events, [{ timeUnixNano: String(baseNs + 1_500_000n), name: 'retry' }]);
    assert.equal(child.status.code, 2);
  });
}

test('Tempo gives a trace as JSON with base64 ids, as Tempo does', async () => {
  const { body } = await ask(`/api/traces/${traceId}`);
  const [span] = body.batches[0].scopeSpans[0].spans;
  assert.equal(Buffer.from(span.traceId, 'base64').toString('hex'), traceId);
  assert.deepEqual((await ask(`/api/v2/traces/${traceId}`)).body.trace.resourceSpans, body.batches);
});

test('Tempo search finds by TraceQL and by tags, with the spans that match', async () => {
  const byQuery = (await ask(`/tempo/api/search?q=${encodeURIComponent('{span.http.status_code=500}')}&limit=5`)).body;
  assert.equal(byQuery.traces.length, 1);
  const [trace] = byQuery.traces;
  assert.deepEqual(
    { ...trace, spanSet: undefined, spanSets: undefined },
    {
      traceID: traceId,
      rootServiceName: 'web',
      rootTraceName: 'GET /',
      startTimeUnixNano: String(baseNs),
      durationMs: 90,
      spanSet: undefined,
      spanSets: undefined,
    },
  );
  assert.equal(trace.spanSet.matched, 1);
  assert.deepEqual(trace.spanSet.spans[0], {
    spanID: rootId,
    name: 'GET /',
    startTimeUnixNano: String(baseNs),
    durationNanos: '90000000',
    attributes: [
      { key: 'http.status_code', value: { intValue: '500' } },
      { key: 'service.name', value: { stringValue: 'web' } },
    ],
  });
  const tags = encodeURIComponent('service.name=db status=error');
  assert.equal((await ask(`/api/search?tags=${tags}`)).body.traces[0].traceID, traceId);
  assert.deepEqual((await ask(`/api/search?tags=${tags}&minDuration=1s`)).body.traces, []);
});

test('Tempo refuses what it does not understand, by name', async () => {
  const { status, body } = await ask(`/api/search?q=${encodeURIComponent('{} | by(name)')}`);
  assert.equal(status, 400);
  assert.equal(body.error.code, 'UNSUPPORTED');
  assert.match(body.error.message, /"\| by"/);
});

test('Tempo lists tags and their values with types', async () => {
  const { body } = await ask('/api/v2/search/tags?scope=span');
  assert.deepEqual(body, { scopes: [{ name: 'span', tags: ['big', 'http.status_code', 'ok'] }] });
  assert.deepEqual((await ask('/api/search/tags')).body.tagNames, ['big', 'http.status_code', 'ok', 'service.name']);
  const values = await ask('/api/v2/search/tag/span.http.status_code/values');
  assert.deepEqual(values.body.tagValues, [{ type: 'int', value: '500' }]);
  assert.deepEqual((await ask('/api/search/tag/service.name/values')).body.tagValues, ['db', 'web']);
  assert.equal((await ask('/api/echo')).text, 'echo');
});

test('Jaeger gives a trace with typed tags, references and microseconds', async () => {
  const { body } = await ask(`/jaeger/api/traces/${traceId}`);
  const { spans, processes } = body.data[0];
  assert.equal(spans[0].startTime, Number(baseNs / 1000n));
  assert.equal(spans[0].duration, 90_000);
  assert.deepEqual(spans[0].tags.slice(0, 3), [
    { key: 'http.status_code', type: 'int64', value: 500 },
    { key: 'big', type: 'int64', value: '9007199254740993' },
    { key: 'ok', type: 'bool', value: false },
  ]);
  assert.deepEqual(spans[1].references, [{ refType: 'CHILD_OF', traceID: traceId, spanID: rootId }]);
  assert.equal(processes[spans[1].processID].serviceName, 'db');
  assert.ok(spans[1].tags.some((tag: { key: string; value: unknown }) => tag.key === 'error' && tag.value === true));
});

test('Jaeger searches, and lists services and operations', async () => {
  const found = await ask('/jaeger/api/traces?service=db&tags=%7B%22error%22%3A%22true%22%7D&minDuration=1ms&limit=5');
  assert.equal(found.body.data[0].traceID, traceId);
  assert.deepEqual((await ask('/jaeger/api/traces?service=db&maxDuration=1ms')).body.data, []);
  assert.equal((await ask('/jaeger/api/traces')).status, 400);
  assert.deepEqual((await ask('/jaeger/api/services')).body.data, ['db', 'web']);
  assert.deepEqual((await ask('/jaeger/api/services/web/operations')).body.data, ['GET /']);
  assert.deepEqual((await ask('/jaeger/api/operations?service=db')).body.data, [
    { name: 'SELECT', spanKind: 'client' },
  ]);
});

const bad: [path: string, status: number][] = [
  ['/api/traces/xyz', 400],
  ['/api/traces/00000000000000000000000000000000', 400],
  [`/api/traces/${'f'.repeat(32)}`, 404],
  ['/api/search?limit=-1', 400],
  ['/api/search?start=20&end=10', 400],
  ['/api/search?minDuration=soon', 400],
  ['/api/v1/traces?status=great', 400],
  ['/api/v1/logs?severity=loud', 400],
  ['/api/v1/logs?after=x', 400],
  ['/api/v1/metrics/chart', 400],
  ['/api/v1/nothing', 404],
  ['/api/v1/sql', 400],
  ['/assets/nothing.js', 404],
  ['/api/traces/%E0%A4%A', 400],
];

for (const [path, status] of bad) {
  test(`answers ${status} with a code and a message for ${path}`, async () => {
    const answer = await ask(path);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.error.code, /^[A-Z_]+$/);
    assert.ok(answer.body.error.message.length > 5);
    assert.ok(!answer.text.includes(process.cwd()), 'where the files are is nobody else’s business');
  });
}

test('health tells components and own metrics', async () => {
  const { body } = await ask('/api/v1/health');
  assert.equal(body.status, 'ok');
  assert.equal(body.components[0].id, 'otlp');
  assert.deepEqual(body.metrics, [{ name: 'x', labels: { receiver: 'otlp', text: 'a "b"' }, value: 12 }]);
});

test('storage tells rows and bytes of each table', async () => {
  const { body } = await ask('/api/v1/storage');
  const spans = body.tables.find((row: { table: string }) => row.table === 'spans');
  assert.equal(spans.rows, 2);
  assert.ok(spans.bytes > 0);
  assert.ok(Math.abs(spans.newestMs - Date.now()) < 2 * 86_400_000);
});

test('nothing is loaded from elsewhere, and no other site may frame the page', async () => {
  const { headers } = await ask('/');
  assert.match(
    headers.get('content-security-policy')!,
    /default-src 'none'.*connect-src 'self'.*frame-ancestors 'none'/,
  );
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('x-powered-by'), null);
});

/** `fetch` does not let its caller set these headers. */
function statusWith(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(served.base + path, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    outgoing.on('error', reject).end();
  });
}

test('pages of other sites, and names that were rebound to this machine, get nothing', async () => {
  assert.equal(await statusWith('/api/v1/services', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }), 403);
  assert.equal(await statusWith('/api/v1/services', { host: 'evil.example' }), 403);
  assert.equal(await statusWith('/api/v1/services', { host: '127.0.0.1:1', 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(await statusWith('/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), 200);
});

test('a store that is down is 503 with what to do', async (t) => {
  const { ask } = await serve(t, { clickhouse: { endpoint: 'unix:/tmp/no-such-directory/http.sock' } });
  for (const path of ['/api/v1/services', `/api/traces/${traceId}`, '/jaeger/api/services']) {
    const { status, body } = await ask(path);
    assert.equal(status, 503);
    assert.equal(body.error.code, 'STORE_UNAVAILABLE');
    assert.match(body.error.message, /extensions.query.clickhouse.endpoint/);
  }
  assert.equal((await ask('/api/v1/health')).status, 200);
});

test('a store without tables is 503 with what to do', async (t) => {
  const { ask } = await serve(t, { clickhouse: { endpoint: `unix:${socketPath}`, database: 'empty_one' } });
  const { status, body } = await ask('/api/v1/services');
  assert.equal(status, 503);
  assert.equal(body.error.code, 'STORE_EMPTY');
});

test('a port that is taken is told with the path of the option', async () => {
  const { port } = new URL(served.base);
  const context = createTestContext(query.config.parse({ endpoint: `localhost:${port}` }), { id: 'query' });
  const second = query.create(context);
  await assert.rejects(
    second.start!(),
    (error) =>
      error instanceof OperatorError &&
      error.code === 'ADDRESS_IN_USE' &&
      /extensions::query::endpoint/.test(error.message),
  );
  await second.shutdown!();
});

const badConfigs: [config: object, message: RegExp][] = [
  [{ endpoint: 'localhost' }, /not an address to listen on/],
  [{ clickhouse: { endpoint: 'localhost:8123' } }, /http:\/\/host:8123/],
  [{ clickhouse: { database: 'a; DROP' } }, /letters, digits and underscores/],
  [{ limits: { max_execution_time: 'soon' } }, /not a duration/],
  [{ port: 8080 }, /port/],
];

for (const [config, message] of badConfigs) {
  test(`refuses the configuration ${JSON.stringify(config)}`, () => {
    assert.match(query.config.safeParse(config).error!.message, message);
  });
}
