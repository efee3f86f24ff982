/** Calls and connections through the real binary into the embedded store, and their numbers compared with the rows themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Captured, captureTraffic } from './kit/captured.ts';
import { sendHttp } from './kit/otlp-send.ts';
import { findPlace, startPreset } from './kit/preset.ts';
import { sql } from './kit/store.ts';
import { until } from './kit/wait.ts';

/** Conditions on spans that say what each counter counts. */
const spanCounts = `
  countIf(outcome != 'unmatched_response') AS requests,
  countIf(outcome IN ('answered', 'unmatched_response')) AS responses,
  countIf(attributes['error.type'] = 'client') AS client_errors,
  countIf(attributes['error.type'] = 'server') AS server_errors,
  countIf(outcome = 'timeout') AS timeouts,
  sum(toUInt64OrZero(attributes['deepflow.request.size'])) AS request_bytes,
  sum(toUInt64OrZero(attributes['deepflow.response.size'])) AS response_bytes,
  countIf(outcome = 'answered') AS duration_count`;
const callSums = [
  'requests',
  'responses',
  'client_errors',
  'server_errors',
  'timeouts',
  'request_bytes',
  'response_bytes',
]
  .concat('duration_count')
  .map((name) => `sum(${name}) AS ${name}`)
  .join(', ');
const flowSums = [
  'count() AS records',
  'countIf(is_new) AS opened',
  "countIf(close_type = 'finished') AS closed_finished",
  "countIf(close_type = 'server_reset_transfer') AS closed_server_reset_transfer",
  "countIf(failure = 'transfer') AS failed_transfer",
  ...[
    'client_packets',
    'client_bytes',
    'client_l3_bytes',
    'server_packets',
    'server_bytes',
    'server_retransmissions',
  ].map((name) => `sum(${name}) AS ${name}`),
  'sum(flow_log.syn) AS syn',
  'sum(rtt_count) AS rtt_count',
  'sum(arraySum(rtt_buckets)) AS rtt_buckets',
  'sum(art_count) AS art_count',
].join(', ');
const flowMetricSums = flowSums
  .split(', ')
  .map((part) => part.split(' AS ')[1]!)
  .map((name) => (name === 'rtt_buckets' ? 'sum(arraySum(rtt_buckets)) AS rtt_buckets' : `sum(${name}) AS ${name}`))
  .join(', ');

test('the numbers of each service, endpoint and edge agree with the rows, each second and minute, once', async (t) => {
  const place = await findPlace(t);
  const collector = await startPreset(t, place);
  const { store, httpPort } = place;
  // Everything in closed windows, so that a minute has not to be waited for.
  const sent: Captured[] = [1, 2, 3].map((round) =>
    captureTraffic({ endMs: Math.floor(Date.now() / 1000) * 1000 - 200_000 + round * 20_000, seconds: 15, calls: 60 }),
  );
  for (const { traces, logs } of sent) {
    assert.equal((await sendHttp(httpPort, 'traces', traces)).status, 200);
    assert.equal((await sendHttp(httpPort, 'logs', logs)).status, 200);
  }
  // Ending it hands on every open window: nothing that was acknowledged may be missing afterwards.
  await collector.stop();
  await startPreset(t, place);
  const spans = sent.reduce((sum, one) => sum + one.spans, 0);
  const flows = sent.reduce((sum, one) => sum + one.flows, 0);
  await until('all rows', 30_000, async () => {
    const [row] = await sql(
      store,
      `SELECT (SELECT count() FROM spans) AS spans, (SELECT count() FROM flow_log) AS flows,
         (SELECT sum(requests) FROM call_metrics_1m) AS calls, (SELECT sum(records) FROM flow_metrics_1m) AS records`,
    );
    const { spans: s, flows: f, calls, records } = row as Record<string, string>;
    return Number(s) === spans && Number(f) === flows && Number(calls) > 0 && Number(records) === flows;
  });

  await t.test('calls', async () => {
    const by = 'service, endpoint, client, observation_point';
    for (const [table, step] of [
      ['call_metrics_1s', 1],
      ['call_metrics_1m', 60],
    ] as const) {
      const expected = await sql(
        store,
        `SELECT toUnixTimestamp(toStartOfInterval(start_time + toIntervalNanosecond(duration_ns), INTERVAL ${step} second)) AS at,
           service_name AS service, name AS endpoint, attributes['client.address'] AS client, observation_point, ${spanCounts}
         FROM (SELECT *, observation_point, attributes['deepflow.call.outcome'] AS outcome FROM spans)
         GROUP BY at, ${by} ORDER BY at, ${by}`,
      );
      const found = await sql(
        store,
        `SELECT toUnixTimestamp(time) AS at, service, endpoint, client,
           observation_point, ${callSums}
         FROM ${table} GROUP BY at, ${by} ORDER BY at, ${by}`,
      );
      assert.deepEqual(found, expected, table);
      assert.ok(found.length > 20);
    }
  });

  await t.test('flows', async () => {
    const by = 'client, server, observation_point, protocol';
    const expected = await sql(
      store,
      `SELECT toUnixTimestamp(toStartOfSecond(time - toIntervalNanosecond(1))) AS at, client_address AS client,
         concat(server_address, ':', toString(server_port)) AS server, observation_point,
         network_protocol_name AS protocol, ${flowSums}
       FROM flow_log GROUP BY at, ${by} ORDER BY at, ${by}`,
    );
    const found = await sql(
      store,
      `SELECT toUnixTimestamp(time) AS at, ${by}, ${flowMetricSums} FROM flow_metrics_1s GROUP BY at, ${by} ORDER BY at, ${by}`,
    );
    assert.deepEqual(found, expected);
    assert.ok(expected.length > 20);
  });

  await t.test('durations of any range are a merge of buckets', async () => {
    const [row] = await sql(
      store,
      `SELECT (SELECT round(sum(duration_sum), 6) FROM call_metrics_1s) AS second,
         (SELECT round(sum(duration_sum), 6) FROM call_metrics_1m) AS minute,
         (SELECT round(sum(duration_ns) / 1e9, 6) FROM spans WHERE attributes['deepflow.call.outcome'] = 'answered') AS raw,
         (SELECT sum(arraySum(duration_buckets) + duration_zeros) FROM call_metrics_1m) AS buckets,
         (SELECT sum(duration_count) FROM call_metrics_1m) AS count`,
    );
    assert.deepEqual(row, { ...row, second: row!.raw, minute: row!.raw, buckets: row!.count });
  });

  await t.test('a quantile of merged histograms is the exact one, up to the width of a bucket', async () => {
    const rows = await sql<{ endpoint: string; exact: number; merged: number }>(
      store,
      `SELECT endpoint, exact, arrayFirst((bound, n) -> n >= 0.9 * arraySum(h.2), h.1, arrayCumSum(h.2)) AS merged
       FROM (SELECT endpoint, sumMap(duration_bounds, duration_buckets) AS h FROM call_metrics_1s GROUP BY endpoint) AS m
       INNER JOIN (
         SELECT name AS endpoint, quantileExactHigh(0.9)(duration_ns) / 1e9 AS exact
         FROM spans WHERE attributes['deepflow.call.outcome'] = 'answered' GROUP BY name
       ) AS s USING endpoint`,
    );
    assert.equal(rows.length, 8);
    for (const { endpoint, exact, merged } of rows) {
      assert.ok(merged >= exact * 0.95 && merged <= exact * 1.1, `${endpoint}: ${merged} s for ${exact} s`);
    }
  });

  await t.test('nothing is stored twice', async () => {
    const [row] = await sql(
      store,
      `SELECT (SELECT count() FROM logs WHERE event_name = 'deepflow.flow') AS flows_in_logs, (SELECT count() FROM logs) AS logs,
         (SELECT count() FROM samples) + (SELECT count() FROM exponential_histograms) AS points,
         (SELECT count() FROM flow_log WHERE attributes['custom.attribute'] = concat('of ', client_address)) AS with_custom`,
    );
    assert.deepEqual(row, { flows_in_logs: 0, logs: 3, points: 0, with_custom: flows });
  });
});
