/** A store that is down, read-only, full, slow or old: what the operator is told, and that nothing acknowledged is lost. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCollector, startCollector, temporaryFolder } from './kit/collector.ts';
import { type Fault, startFaultyProxy } from './kit/faulty-proxy.ts';
import { freePorts } from './kit/ports.ts';
import { startSpanLoad } from './kit/span-load.ts';
import { sql } from './kit/store.ts';
import { until } from './kit/wait.ts';

const troubles: [fault: Fault, told: RegExp][] = [
  ['down', /cannot be reached .*check `endpoint` and that the server runs/],
  ['read_only', /the user may only read; give it INSERT/],
  ['full', /its disk is full; free space or lower `ttl`/],
  ['slow', /did not answer within 2 s: it took too long; raise/],
  ['lost_answer', /cannot be reached/],
];

for (const [fault, told] of troubles) {
  test(`store trouble (${fault}) is told in words, and what was acknowledged is stored once`, async (t) => {
    const store = await startStore(t);
    const proxy = await startFaultyProxy(t, join(store, 'http.sock'));
    const { collector, httpPort } = await startForwarder(t, proxy.port);
    const load = startSpanLoad(httpPort);
    t.after(() => load.stop());
    await until('rows before the trouble', 20_000, async () => (await counts(store)).rows > 0);

    proxy.fault = fault;
    await until(`a message that matches ${told}`, 20_000, async () => told.test(collector.output()));
    const during = load.acknowledged.size;
    await until('acknowledgements during the trouble', 10_000, async () => load.acknowledged.size > during);
    await sleep(500);
    proxy.fault = 'none';
    await sleep(500);
    await load.stop();

    const wanted = load.acknowledged.size;
    await until('every acknowledged span in the store', 40_000, async () => (await counts(store)).distinct >= wanted);
    // Whatever it still wanted to repeat, it has repeated when it has ended.
    await collector.stop();
    const { rows, distinct } = await counts(store);
    t.diagnostic(`acknowledged ${wanted}, stored ${rows}, distinct ${distinct}, failed requests ${load.failed}`);
    assert.equal(rows, distinct, 'some spans are stored twice');
    assert.equal(load.failed, 0, 'senders were troubled by the trouble of the store');
  });
}

test('a server that is too old is named with its version, and with what is needed', async (t) => {
  const store = await startStore(t);
  const proxy = await startFaultyProxy(t, join(store, 'http.sock'));
  proxy.version = '23.8.16.40';
  const { config } = await forwarder(t, proxy.port);
  const collector = runCollector(t, [], [config]);
  const { code } = await collector.exited;
  assert.equal(code, 1);
  assert.match(collector.output(), /"clickhouse" exporter: .* 23\.8\.16\.40; 24 or newer is needed/);
});

/** A collector that is a store only; gives the store's directory. */
async function startStore(t: TestContext): Promise<string> {
  const directory = join(temporaryFolder(t), 'store');
  await startCollector(
    t,
    [],
    [
      `
receivers: {nop: {}}
exporters: {nop: {}}
extensions: {clickhouse_embedded: {directory: "${directory}"}}
service:
  extensions: [clickhouse_embedded]
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [nop], exporters: [nop]}}
`,
    ],
  );
  return directory;
}

/** A collector that stores elsewhere, with little patience. */
async function forwarder(t: TestContext, storePort: number) {
  const [httpPort] = (await freePorts(1)) as [number];
  const config = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${httpPort}"}}}}
exporters:
  clickhouse:
    endpoint: "http://127.0.0.1:${storePort}"
    timeout: 2s
    batch: {flush_interval: 200ms}
    retry: {initial_interval: 100ms, max_interval: 500ms}
    spool: {directory: "${join(temporaryFolder(t), 'spool')}"}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [clickhouse]}}
`;
  return { httpPort, config };
}

async function startForwarder(t: TestContext, storePort: number) {
  const { httpPort, config } = await forwarder(t, storePort);
  return { httpPort, collector: await startCollector(t, [], [config]) };
}

async function counts(store: string): Promise<{ rows: number; distinct: number }> {
  const [found] = await sql<{ rows: string; distinct: string }>(
    store,
    'SELECT count() AS rows, uniqExact(SpanId) AS distinct FROM otel_traces',
  );
  return { rows: Number(found!.rows), distinct: Number(found!.distinct) };
}
