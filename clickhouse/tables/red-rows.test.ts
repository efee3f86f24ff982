import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecs } from '../../pdata/otlp/codecs.ts';
import { jsonToWire } from '../../pdata/otlp/json.ts';
import { redTables } from './red.ts';
import { type RedRows, redRows } from './red-rows.ts';

const t0 = 1_790_000_040;

interface TestPoint {
  metric: string;
  attributes: Record<string, string>;
  /** A sum. */
  value?: number;
  /** Counts of an exponential histogram. */
  buckets?: number[];
  seconds?: number;
}

/** One message per list of points: as several collectors would send them. */
function rowsOf(...messages: TestPoint[][]): Record<string, RedRows> {
  const wire = messages.map((points) => {
    const metrics = points.map(({ metric, attributes, value, buckets, seconds = 1 }) => {
      const point = {
        startTimeUnixNano: String(BigInt(t0) * 1_000_000_000n),
        timeUnixNano: String(BigInt(t0 + seconds) * 1_000_000_000n),
        attributes: Object.entries(attributes).map(([key, text]) => ({ key, value: { stringValue: text } })),
      };
      if (buckets === undefined) return { name: metric, sum: { dataPoints: [{ ...point, asInt: String(value) }] } };
      const counts = { count: String(buckets.reduce((a, b) => a + b)), scale: 3, positive: { bucketCounts: buckets } };
      return { name: metric, exponentialHistogram: { dataPoints: [{ ...point, ...counts }] } };
    });
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
    const request = { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] };
    return jsonToWire('metrics', Buffer.from(JSON.stringify(request)));
  });
  const all = redRows(codecs.metrics.read(wire, 10), 1);
  return Object.fromEntries(redTables.map(({ name }, index) => [name, all[index]!]));
}

const edge = { 'deepflow.client': 'a', 'deepflow.server': 'shop' };

test('points of one series and window are one row, whatever their metric and variant', () => {
  const { call_metrics_1s: rows } = rowsOf([
    { metric: 'deepflow.call.requests', attributes: edge, value: 5 },
    { metric: 'deepflow.call.errors', attributes: { 'deepflow.error.side': 'server', ...edge }, value: 2 },
    { metric: 'deepflow.call.errors', attributes: { ...edge, 'deepflow.error.side': 'timeout' }, value: 1 },
    { metric: 'deepflow.call.duration', attributes: edge, buckets: [3, 2] },
  ]);
  assert.equal(rows!.count, 1);
  assert.deepEqual(
    rows!.counters.map(([value]) => value),
    [5, 0, 0, 2, 1, 0, 0],
  );
  assert.deepEqual(rows!.histograms, [[0]]);
});

test('a second and a minute, a call and a flow go to tables of their own', () => {
  const tables = rowsOf([
    { metric: 'deepflow.call.requests', attributes: edge, value: 1 },
    { metric: 'deepflow.call.requests', attributes: edge, value: 2, seconds: 60 },
    { metric: 'deepflow.flow.packets', attributes: { ...edge, 'deepflow.flow.sender': 'client' }, value: 3 },
    { metric: 'somebody.elses', attributes: edge, value: 4 },
  ]);
  assert.deepEqual(
    Object.entries(tables).map(([name, { count }]) => [name, count]),
    [
      ['call_metrics_1s', 1],
      ['call_metrics_1m', 1],
      ['flow_metrics_1s', 1],
      ['flow_metrics_1m', 0],
    ],
  );
});

test('two collectors that count one series lose nothing: sums are added, the second histogram has a row of its own', () => {
  const points: TestPoint[] = [
    { metric: 'deepflow.call.requests', attributes: edge, value: 2 },
    { metric: 'deepflow.call.duration', attributes: edge, buckets: [1, 1] },
  ];
  const { call_metrics_1s: rows } = rowsOf(points, points, points);
  assert.equal(rows!.count, 3);
  assert.deepEqual(rows!.counters[0], [6, 0, 0]);
  assert.deepEqual(rows!.histograms[0], [0, 1, 2]);
});
