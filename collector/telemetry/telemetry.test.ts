import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serviceSchema } from '../../config/service-schema.ts';
import { openMetricsEndpoint } from './endpoint.ts';
import { createSampler } from './log-sampler.ts';
import { createLogger } from './logger.ts';
import { createMetricRegistry, joinSamples } from './metrics.ts';
import { prometheusText } from './prometheus.ts';

function logged(logs: object, write: (log: ReturnType<typeof createLogger>) => void): string {
  const directory = mkdtempSync(join(tmpdir(), 'otelcol-log-'));
  const file = join(directory, 'out.log');
  const config = serviceSchema.parse({ telemetry: { logs: { output_paths: [file], ...logs } } }).telemetry.logs;
  write(createLogger(config, () => new Date('2026-01-02T03:04:05.678Z')));
  const text = readFileSync(file, 'utf8');
  rmSync(directory, { recursive: true });
  return text;
}

test('console lines are time, level, message and fields', () => {
  const text = logged({}, (log) => {
    log.with({ id: 'otlp' }).warn('It is full.', { size: 1000, error: new Error('no room'), big: 1n });
    log.debug('not shown');
    log.info('plain');
  });
  assert.equal(
    text,
    '2026-01-02T03:04:05.678Z\twarn\tIt is full.\t{"id":"otlp","size":1000,"error":"no room","big":"1"}\n' +
      '2026-01-02T03:04:05.678Z\tinfo\tplain\n',
  );
});

test('json lines are objects, with the fields of all lines', () => {
  const text = logged({ encoding: 'json', level: 'DEBUG', initial_fields: { node: 'a' } }, (log) =>
    log.debug('x', { y: 1 }),
  );
  assert.deepEqual(JSON.parse(text), { level: 'debug', ts: '2026-01-02T03:04:05.678Z', msg: 'x', node: 'a', y: 1 });
});

test('equal lines beyond the first of a tick are thinned out', () => {
  let nowMs = 0;
  const sampled = createSampler({ enabled: true, tick: 1000, initial: 2, thereafter: 3 }, () => nowMs);
  const written = (count: number) =>
    Array.from({ length: count }, () => sampled('info', 'same')).filter(Boolean).length;
  assert.equal(written(8), 4);
  assert.equal(sampled('info', 'other'), true);
  nowMs = 1000;
  assert.equal(written(2), 2);
});

function sampleRegistry() {
  const metrics = createMetricRegistry();
  const labels = { receiver: 'otlp', transport: 'grpc' };
  metrics.counter('receiver_accepted_spans', 'Spans taken.', labels).add(2);
  metrics.counter('receiver_accepted_spans', 'Spans taken.', { transport: 'grpc', receiver: 'otlp' }).add(3);
  const histogram = metrics.histogram('batch_size', 'Sizes.', [10, 100]);
  for (const value of [10, 11, 1000]) histogram.record(value);
  metrics.gauge('queue_size', 'Waiting.', () => 7);
  return metrics;
}

test('metrics print as Prometheus text without _total, or with it', () => {
  const text = prometheusText(sampleRegistry().snapshot(), { 'service.name': 'a"b' }, { withTypeSuffix: false });
  assert.equal(
    text,
    `# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="a\\"b"} 1
# HELP otelcol_batch_size Sizes.
# TYPE otelcol_batch_size histogram
otelcol_batch_size_bucket{le="10"} 1
otelcol_batch_size_bucket{le="100"} 2
otelcol_batch_size_bucket{le="+Inf"} 3
otelcol_batch_size_sum 1021
otelcol_batch_size_count 3
# HELP otelcol_queue_size Waiting.
# TYPE otelcol_queue_size gauge
otelcol_queue_size 7
# HELP otelcol_receiver_accepted_spans Spans taken.
# TYPE otelcol_receiver_accepted_spans counter
otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"} 5
`,
  );
  assert.match(
    prometheusText(sampleRegistry().snapshot(), {}, { withTypeSuffix: true }),
    /accepted_spans_total\{.*\} 5/,
  );
});

test('snapshots of several threads add up', () => {
  const joined = joinSamples([...sampleRegistry().snapshot(), ...sampleRegistry().snapshot()]);
  const value = (name: string) => joined.find((sample) => sample.name === name);
  assert.deepEqual(joined.length, 3);
  assert.equal((value('receiver_accepted_spans') as { value: number }).value, 10);
  assert.deepEqual((value('batch_size') as { counts: number[] }).counts, [2, 2, 2]);
});

test('a taken metrics port is an error that says what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await assert.rejects(
    openMetricsEndpoint('127.0.0.1', port, async () => ''),
    {
      code: 'ADDRESS_IN_USE',
      message: `service::telemetry::metrics::readers: port ${port} is taken by another process; change it or stop that process`,
    },
  );
  server.close();
});
