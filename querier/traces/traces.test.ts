import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { QueryError } from '../errors.ts';
import { insertSpans, type TestSpan } from '../testing/insert.ts';
import { openQueriedStore } from '../testing/store.ts';
import { parseTraceQl } from '../traceql/parse.ts';
import { resourceSpans } from './otlp.ts';
import { attribute, type Predicate } from './predicate.ts';
import { readOutline, readSpan, readTrace } from './read.ts';
import { searchTraces } from './search.ts';

const signal = new AbortController().signal;
const baseNs = 1_790_000_000_000_000_000n;
const trace = (digit: string) => digit.repeat(32);
const span = (digit: string) => digit.repeat(16);
const queried = await openQueriedStore({ after });

const spans: TestSpan[] = [
  {
    traceId: trace('a'),
    spanId: span('1'),
    service: 'web',
    name: 'GET /',
    kind: 2,
    startNs: baseNs,
    durationNs: 250_000_000,
    attributes: { 'http.status_code': ['200', 'i'], user: "O'Neil\\", flag: ['true', 'b'] },
  },
  {
    traceId: trace('a'),
    spanId: span('2'),
    parentSpanId: span('1'),
    service: 'db',
    name: 'SELECT',
    kind: 3,
    startNs: baseNs + 1_000_001n,
    durationNs: 3_000_007,
    status: 2,
    statusMessage: 'deadlock',
    events: [{ timeNs: baseNs + 2_000_000n, name: 'retry', attributes: { attempt: ['2', 'i'] } }],
    links: [{ traceId: trace('b'), spanId: span('9'), attributes: { why: 'batch' } }],
  },
  {
    traceId: trace('b'),
    spanId: span('3'),
    service: 'web',
    name: 'POST /orders',
    kind: 2,
    startNs: baseNs + 60_000_000_000n,
    durationNs: 20_000_000,
    attributes: { 'http.status_code': ['503', 'i'], load: ['0.75', 'd'] },
  },
  {
    traceId: trace('c'),
    spanId: span('4'),
    parentSpanId: span('f'),
    service: 'worker',
    name: 'job',
    kind: 5,
    startNs: baseNs + 120_000_000_000n,
    durationNs: 5,
  },
];

await insertSpans(queried.client, spans);

const range = { fromNs: baseNs - 1n, toNs: baseNs + 3_600_000_000_000n };

async function find(where: Predicate, more: { maxTraceNs?: number; limit?: number } = {}): Promise<string> {
  const found = await searchTraces(queried.store, { range, where, limit: 10, ...more }, signal);
  return found.map((one) => one.traceId[0]).join('');
}

const searches: [query: string, traces: string][] = [
  ['{}', 'cba'],
  ['{ resource.service.name = "web" }', 'ba'],
  ['{ .service.name = "db" }', 'a'],
  ['{ span.http.status_code = 503 }', 'b'],
  ['{ span.http.status_code >= 200 && span.http.status_code < 300 }', 'a'],
  ['{ span.http.status_code != 200 }', 'b'],
  ['{ span.load > 0.7 }', 'b'],
  ['{ span.flag = true }', 'a'],
  ['{ name =~ "GET.*" }', 'a'],
  ['{ name =~ "GET" }', ''],
  ['{ name !~ "(GET|POST).*" }', 'ca'],
  ['{ duration > 100ms }', 'a'],
  ['{ status = error }', 'a'],
  ['{ statusMessage = "deadlock" }', 'a'],
  ['{ kind = consumer || status = error }', 'ca'],
  ['{ !(kind = server) }', 'ca'],
  ['{ span.load = nil && kind = server }', 'a'],
  ['{ span.user = "O\'Neil\\\\" }', 'a'],
  ['{ trace:id = "cccccccccccccccccccccccccccccccc" }', 'c'],
  ['{ span.user = "x\' OR 1=1 --" }', ''],
];

for (const [query, traces] of searches) {
  test(`search ${query} finds ${traces === '' ? 'nothing' : traces}`, async () => {
    assert.equal(await find(parseTraceQl(query)), traces);
  });
}

test('a key that tries to be SQL is only a key', async () => {
  assert.equal(await find(attribute("x'] OR 1=1 --", '=', 'y')), '');
});

test('a summary tells the root, the whole duration and what failed', async () => {
  const [summary] = await searchTraces(
    queried.store,
    { range, where: parseTraceQl('{ name="SELECT" }'), limit: 1 },
    signal,
  );
  assert.deepEqual(summary, {
    traceId: trace('a'),
    startNs: String(baseNs),
    durationNs: '250000000',
    rootService: 'web',
    rootName: 'GET /',
    hasRoot: true,
    spans: 2,
    errors: 1,
    matched: 1,
    services: ['db', 'web'],
  });
});

test('a trace without its root says so', async () => {
  const [summary] = await searchTraces(
    queried.store,
    { range, where: parseTraceQl('{ kind=consumer }'), limit: 1 },
    signal,
  );
  assert.equal(summary!.hasRoot, false);
  assert.equal(summary!.rootName, 'job');
});

test('the time range has an end', async () => {
  const earlier = { fromNs: baseNs, toNs: baseNs + 60_000_000_000n };
  const found = await searchTraces(queried.store, { range: earlier, where: parseTraceQl('{}'), limit: 10 }, signal);
  assert.deepEqual(
    found.map((one) => one.traceId),
    [trace('a')],
  );
});

test('the newest traces are kept when there are more than the limit', async () => {
  assert.equal(await find(parseTraceQl('{}'), { limit: 2 }), 'cb');
});

test('traces that last longer as a whole are left out', async () => {
  assert.equal(await find(parseTraceQl('{}'), { maxTraceNs: 30_000_000 }), 'cb');
});

test('a trace comes back as OTLP with types, events, links and exact times', async () => {
  const [web, db] = resourceSpans(await readTrace(queried.store, trace('a'), signal));
  assert.deepEqual(web!.resource.attributes, [{ key: 'service.name', value: { stringValue: 'web' } }]);
  assert.deepEqual(web!.scopeSpans[0]!.spans[0]!.attributes, [
    { key: 'http.status_code', value: { intValue: '200' } },
    { key: 'user', value: { stringValue: "O'Neil\\" } },
    { key: 'flag', value: { boolValue: true } },
  ]);
  assert.deepEqual(db!.scopeSpans[0]!.spans[0], {
    traceId: trace('a'),
    spanId: span('2'),
    parentSpanId: span('1'),
    name: 'SELECT',
    kind: 3,
    startTimeUnixNano: '1790000000001000001',
    endTimeUnixNano: '1790000000004000008',
    attributes: [],
    events: [
      {
        timeUnixNano: '1790000000002000000',
        name: 'retry',
        attributes: [{ key: 'attempt', value: { intValue: '2' } }],
      },
    ],
    links: [{ traceId: trace('b'), spanId: span('9'), attributes: [{ key: 'why', value: { stringValue: 'batch' } }] }],
    status: { code: 2, message: 'deadlock' },
  });
});

test('an outline has every span in order of start', async () => {
  const outline = await readOutline(queried.store, trace('a'), signal);
  assert.deepEqual(
    outline.map(({ spanId, parentSpanId, service, events }) => [spanId, parentSpanId, service, events]),
    [
      [span('1'), '', 'web', 0],
      [span('2'), span('1'), 'db', 1],
    ],
  );
});

test('what is not there is NOT_FOUND', async () => {
  const isNotFound = (error: QueryError) => error.code === 'NOT_FOUND';
  await assert.rejects(readTrace(queried.store, trace('d'), signal), isNotFound);
  await assert.rejects(readSpan(queried.store, trace('a'), span('7'), signal), isNotFound);
});

test('a thousand traces are found at once: their ids do not fit into an address', async () => {
  const fromNs = baseNs + 10_000_000_000_000n;
  const many = Array.from({ length: 1000 }, (_, at) => ({
    traceId: `e${String(at).padStart(31, '0')}`,
    spanId: span('5'),
    service: 'many',
    name: 'one',
    startNs: fromNs + BigInt(at),
    durationNs: 1,
  }));
  await insertSpans(queried.client, many);
  const search = { range: { fromNs, toNs: fromNs + 1000n }, where: parseTraceQl('{}'), limit: 1000 };
  assert.equal((await searchTraces(queried.store, search, signal)).length, 1000);
});
