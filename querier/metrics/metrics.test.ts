import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { QueryError } from '../errors.ts';
import { insertSeries, time } from '../testing/insert.ts';
import { openQueriedStore } from '../testing/store.ts';
import { type Chart, type ChartRequest, chartMetric } from './chart.ts';
import { exponentialQuantile } from './exponential-lines.ts';
import { listMetrics, listSeries } from './list.ts';

const signal = new AbortController().signal;
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const at = (seconds: number) => time(BigInt(startMs + seconds * 1000) * 1_000_000n);
const range = { fromNs: BigInt(startMs) * 1_000_000n, toNs: BigInt(startMs + 120_000) * 1_000_000n };
const queried = await openQueriedStore({ after });

const { client } = queried;
const cumulative = { temporality: 2, service: 'web' };
await insertSeries(client, [
  {
    id: 1,
    name: 'requests',
    type: 'sum',
    monotonic: true,
    unit: '{request}',
    ...cumulative,
    attributes: { route: '/a' },
  },
  {
    id: 2,
    name: 'requests',
    type: 'sum',
    monotonic: true,
    unit: '{request}',
    ...cumulative,
    attributes: { route: '/b' },
  },
  { id: 3, name: 'bytes.sent', type: 'sum', monotonic: true, unit: 'By', temporality: 1, service: 'web' },
  { id: 4, name: 'queue', type: 'gauge', service: 'web', attributes: { host: 'one' } },
  { id: 5, name: 'queue', type: 'gauge', service: 'web', attributes: { host: 'two' } },
  { id: 6, name: 'latency', type: 'histogram', unit: 's', ...cumulative },
  { id: 7, name: 'latency.exp', type: 'exponential_histogram', unit: 's', ...cumulative },
  { id: 8, name: 'gc', type: 'summary', unit: 'ms', service: 'web' },
]);
const samples: string[] = [];
const add = (
  name: string,
  id: number,
  type: string,
  points: readonly [seconds: number, value: number, flags?: number][],
) => {
  for (const [seconds, value, flags = 0] of points) {
    samples.push(
      `(today(), '${name}', ${id}, ${at(seconds)}, '${type}', ${value}, ${Math.trunc(value)}, 'd', ${flags})`,
    );
  }
};
// A point before the range begins, and a restart after 60 s.
add('requests', 1, 'sum', [
  [-30, 100],
  [0, 160],
  [30, 220],
  [60, 30],
  [90, 90],
]);
add('requests', 2, 'sum', [
  [0, 0],
  [30, 30],
  [60, 60],
  [90, 90],
]);
add('bytes.sent', 3, 'sum', [
  [0, 3000],
  [30, 6000],
  [60, 0],
  [90, 900],
]);
add('queue', 4, 'gauge', [
  [0, 1],
  [30, 2],
  [60, 3],
  [90, 0, 1],
]);
add('queue', 5, 'gauge', [
  [0, 11],
  [30, 12],
  [60, 13],
  [90, 14],
]);
await client.command({
  query: `INSERT INTO otel.samples (received_date, metric_name, series_id, time, type, value, value_int, value_type, flags) VALUES ${samples.join(', ')}`,
});
// Between 0 s and 30 s: 10 below 0.1, 80 to 0.5, 10 beyond 1.
await client.command({
  query: `INSERT INTO otel.histograms (received_date, metric_name, series_id, time, count, sum, bucket_counts, explicit_bounds) VALUES
    (today(), 'latency', 6, ${at(0)}, 5, 1, [5, 0, 0, 0], [0.1, 0.5, 1]),
    (today(), 'latency', 6, ${at(30)}, 105, 51, [15, 80, 0, 10], [0.1, 0.5, 1])`,
});
await client.command({
  query: `INSERT INTO otel.exponential_histograms (received_date, metric_name, series_id, time, count, sum, scale, zero_count, positive_offset, positive_counts) VALUES
    (today(), 'latency.exp', 7, ${at(0)}, 2, 3, 0, 0, 0, [2]),
    (today(), 'latency.exp', 7, ${at(30)}, 12, 53, 0, 0, 0, [2, 4, 6])`,
});
await client.command({
  query: `INSERT INTO otel.summaries (received_date, metric_name, series_id, time, count, sum, quantiles, quantile_values) VALUES
    (today(), 'gc', 8, ${at(0)}, 10, 20, [0.5, 0.99], [1, 4]),
    (today(), 'gc', 8, ${at(30)}, 20, 60, [0.5, 0.99], [2, 8])`,
});

function chart(name: string, more: Partial<ChartRequest> = {}): Promise<Chart> {
  const request = { name, range, groupBy: '', show: '', filters: [], points: 4, maxLines: 10, ...more };
  return chartMetric(queried.store, request, signal);
}

async function values(name: string, more: Partial<ChartRequest> = {}): Promise<Record<string, (number | null)[]>> {
  const { lines } = await chart(name, more);
  const round = (value: number | null) => (value === null ? null : Math.round(value * 1e6) / 1e6);
  return Object.fromEntries(lines.map((line) => [line.label, line.values.map(round)]));
}

test('lists metrics with unit, type and number of series', async () => {
  const metrics = await listMetrics(queried.store, range, signal);
  assert.deepEqual(
    metrics.map(({ name, type, series }) => `${name} ${type} ${series}`),
    [
      'bytes.sent sum 1',
      'gc summary 1',
      'latency histogram 1',
      'latency.exp exponential_histogram 1',
      'queue gauge 2',
      'requests sum 2',
    ],
  );
});

test('lists series with typed attributes', async () => {
  const series = await listSeries(queried.store, range, 'requests', 10, signal);
  assert.deepEqual(
    series.map(({ id, attributes }) => [id, attributes]),
    [
      ['1', [{ key: 'route', type: 'string', value: '/a' }]],
      ['2', [{ key: 'route', type: 'string', value: '/b' }]],
    ],
  );
});

test('a counter is drawn as rate per second; a restart is not a fall', async () => {
  assert.deepEqual(await values('requests', { groupBy: 'route' }), {
    '/a': [2, 2, 1, 2],
    '/b': [null, 1, 1, 1],
  });
});

test('lines of one group are added up', async () => {
  assert.deepEqual(await values('requests', { groupBy: 'service.name' }), { web: [2, 3, 2, 3] });
});

test('a filter keeps the series that have it, or leaves them out', async () => {
  const filter = { key: 'route', value: '/a' };
  assert.deepEqual(await values('requests', { filters: [{ ...filter, exclude: false }] }), { '': [2, 2, 1, 2] });
  assert.deepEqual(await values('requests', { filters: [{ ...filter, exclude: true }] }), { '': [null, 1, 1, 1] });
});

test('delta sums are divided by the length of a step', async () => {
  assert.deepEqual(await values('bytes.sent'), { '': [100, 200, 0, 30] });
});

test('gauges are averaged, or whatever is asked for; a point without value is no zero', async () => {
  assert.deepEqual(await values('queue'), { '': [6, 7, 8, 14] });
  assert.deepEqual(await values('queue', { show: 'max' }), { '': [11, 12, 13, 14] });
  assert.deepEqual(await values('queue', { groupBy: 'host' }), { one: [1, 2, 3, null], two: [11, 12, 13, 14] });
});

test('quantiles of a histogram are interpolated; beyond the last bound the bound is the answer', async () => {
  assert.deepEqual(await values('latency'), {
    p50: [null, 0.3, null, null],
    p90: [null, 0.5, null, null],
    p99: [null, 1, null, null],
  });
});

test('rate and average of a histogram come from count and sum', async () => {
  assert.deepEqual(await values('latency', { show: 'rate' }), { '': [null, 3.333333, null, null] });
  assert.deepEqual(await values('latency', { show: 'avg' }), { '': [null, 0.5, null, null] });
});

test('quantiles of an exponential histogram are the upper bounds of its buckets', async () => {
  assert.deepEqual(await values('latency.exp'), {
    p50: [null, 8, null, null],
    p90: [null, 8, null, null],
    p99: [null, 8, null, null],
  });
  assert.deepEqual(await values('latency.exp', { show: 'avg' }), { '': [null, 5, null, null] });
});

test('a summary shows the quantiles it carries', async () => {
  assert.deepEqual(await values('gc'), { p50: [1, 2, null, null], p99: [4, 8, null, null] });
  assert.deepEqual(await values('gc', { show: 'avg' }), { '': [null, 4, null, null] });
});

test('only the largest lines are drawn, and the others are counted', async () => {
  const { lines, hiddenLines } = await chart('queue', { groupBy: 'host', maxLines: 1 });
  assert.deepEqual([lines.map((line) => line.label), hiddenLines], [['two'], 1]);
});

test('a step is never shorter than the interval of the metric', async () => {
  assert.equal((await chart('queue', { points: 100 })).stepMs, 30_000);
});

test('an unknown metric and an unknown way to draw are refused', async () => {
  await assert.rejects(chart('nothing'), (error: QueryError) => error.code === 'NOT_FOUND');
  await assert.rejects(chart('queue', { show: 'rate' }), (error: QueryError) =>
    /avg, min, max, sum/.test(error.message),
  );
});

test('a bucket made negative by a reset counts as none', () => {
  assert.equal(exponentialQuantile([1, 2, 4], [-5, 3, 1], 0.5), 2);
  assert.equal(exponentialQuantile([1, 2], [0, 0], 0.5), null);
});
