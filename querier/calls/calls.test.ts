import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openQueriedStore } from '../testing/store.ts';
import { type Edge, findEdges } from './edges.ts';
import { calledServices } from './services.ts';
import { resolutionFor } from './table.ts';

const nowMs = Math.floor(Date.now() / 1000) * 1000;
const range = { fromNs: BigInt(nowMs - 60_000) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };
const search = { range, nowMs, service: '', protocol: '', limit: 100 };
const second = Math.floor(nowMs / 1000) - 30;

const queried = await openQueriedStore({ after });
const call = (client: string, server: string, point: string, requests: number, errors: string, histogram: string) =>
  `(today(), ${second}, '${server}', '${client}', '${server}', 'HTTP', '${point}', ${requests}, ${errors}, ${histogram})`;
// One histogram of scale 0, (1 s, 2 s] and (2 s, 4 s], and one of scale 1 that ends at 2^0.5 s and 2 s.
await queried.client.command({
  query: `INSERT INTO otel.call_metrics_1s (received_date, time, service, client, server, protocol, observation_point,
          requests, server_errors, client_errors, timeouts, duration_scale, duration_offset, duration_buckets, duration_zeros) VALUES
        ${call('10.0.0.1', 'shop', 's', 10, '0, 3, 0', '0, 0, [4, 2], 1')},
        ${call('10.0.0.1', 'shop', 's', 4, '2, 0, 1', '1, 0, [3, 1], 0')},
        ${call('10.0.0.1', 'shop', 'c', 14, '9, 0, 0', '0, 0, [14], 0')},
        ${call('shop', 'db:5432', 'c-app', 5, '0, 1, 0', '0, -1, [5], 0')}`,
});
await queried.client.command({
  query: `INSERT INTO otel.flow_metrics_1s (received_date, time, client, server, protocol, observation_point, opened,
          failed_transfer, client_bytes, server_bytes, server_retransmissions, rtt_scale, rtt_offset, rtt_buckets) VALUES
        (today(), ${second}, '10.0.0.1', 'shop', 'http', 's', 2, 1, 100, 900, 3, 0, -10, [2]),
        (today(), ${second}, '10.0.0.1', 'shop', 'http', 'c', 2, 1, 100, 900, 7, 0, -10, [2]),
        (today(), ${second}, '10.0.0.1', '10.0.0.9:9999', '', 'local', 1, 0, 5, 6, 0, 0, 0, []),
        (today(), ${second}, 'cart', 'prices', '', 's-p', 1, 0, 8, 9, 4, 0, 0, []),
        (today(), ${second}, 'cart', 'prices', '', 'c-p', 1, 0, 7, 7, 5, 0, -10, [3])`,
});

const edges = (more: Partial<typeof search> = {}) =>
  findEdges(queried.store, { ...search, ...more }, AbortSignal.timeout(30_000));
const named = (found: Edge[], server: string) => found.find((edge) => edge.server === server)!;

test('a call seen at several points is counted at the best one', async () => {
  const { calls } = named(await edges(), 'shop');
  assert.equal(calls!.observationPoint, 's');
  assert.deepEqual(calls!.otherPoints, ['c']);
  assert.deepEqual([calls!.requests, calls!.serverErrors, calls!.clientErrors, calls!.timeouts], [14, 2, 3, 1]);
  assert.equal(Math.round(calls!.perSecond * 60), 14);
});

test('rates are of the time for which there is data, and of a minute at least', async () => {
  const longer = { fromNs: range.fromNs - 3_000_000_000_000n, toNs: range.toNs };
  const { calls } = named(await edges({ range: longer }), 'shop');
  assert.equal(Math.round(calls!.perSecond * 60), 14);
  const [service] = await calledServices(queried.store, longer, nowMs, AbortSignal.timeout(30_000));
  assert.equal(Math.round(service!.perSecond * 60), service!.requests);
  const later = { fromNs: range.fromNs - 60_000_000_000n, toNs: range.toNs + 90_000_000_000n };
  assert.equal(Math.round(named(await edges({ range: later }), 'shop').calls!.perSecond * 120), 14);
});

test('quantiles are those of all buckets together, whatever their scale', async () => {
  const { calls } = named(await edges(), 'shop');
  // In order: one of 0, three up to 1.41 s, one and four up to 2 s, two up to 4 s.
  assert.equal(calls!.durations, 11);
  assert.deepEqual(
    [calls!.p50Ns, calls!.p95Ns, calls!.p99Ns].map((ns) => ns / 1e9),
    [2, 4, 4],
  );
});

test('traffic lies beside the calls, and alone where no call was recognised', async () => {
  const found = await edges();
  const { traffic } = named(found, 'shop');
  assert.deepEqual([traffic!.clientBytes, traffic!.serverBytes, traffic!.retransmissions], [100, 900, 3]);
  assert.deepEqual([traffic!.opened, traffic!.failed, traffic!.rtts], [2, 1, 2]);
  assert.ok(Math.abs(traffic!.rttP50Ns - 2 ** -9 * 1e9) < 1);
  assert.equal(named(found, 'db:5432').traffic, null);
  assert.equal(named(found, '10.0.0.9:9999').calls, null);
});

test('round trips are those of the best point that saw them', async () => {
  const { traffic } = named(await edges(), 'prices');
  assert.deepEqual([traffic!.observationPoint, traffic!.clientBytes, traffic!.rtts], ['s-p', 8, 3]);
});

test('a service has the edges from it and to it', async () => {
  const servers = async (more: Partial<typeof search>) => (await edges(more)).map(({ server }) => server).sort();
  assert.deepEqual(await servers({ service: 'shop' }), ['db:5432', 'shop']);
  assert.deepEqual(await servers({ protocol: 'http' }), ['db:5432', 'shop']);
  assert.deepEqual(await servers({ protocol: 'redis' }), []);
});

test('a service is counted at its best point, and also when only clients tell of it; their mistakes are not its errors', async () => {
  const services = await calledServices(queried.store, range, nowMs, AbortSignal.timeout(30_000));
  assert.deepEqual(
    services.map(({ service, requests, errors, p50Ns }) => [service, requests, errors, p50Ns / 1e9]),
    [
      ['shop', 14, 3, 2],
      ['db:5432', 5, 0, 1],
    ],
  );
});

test('seconds answer for short ranges of the last day, minutes for others', () => {
  const between = (fromAgoMs: number, toAgoMs: number) => ({
    fromNs: BigInt(nowMs - fromAgoMs) * 1_000_000n,
    toNs: BigInt(nowMs - toAgoMs) * 1_000_000n,
  });
  const hour = 3_600_000;
  assert.equal(resolutionFor(between(hour, 0), nowMs), '1s');
  assert.equal(resolutionFor(between(3 * hour, 0), nowMs), '1m');
  assert.equal(resolutionFor(between(25 * hour, 24 * hour), nowMs), '1m');
});

test('two that speak two protocols have their traffic once, and the other row says so', async () => {
  const rows = (protocol: string, requests: number) =>
    `(today(), ${second}, 'catalog', 'recommendations', 'catalog', '${protocol}', 's-p', ${requests})`;
  await queried.client.command({
    query: `INSERT INTO otel.call_metrics_1s (received_date, time, service, client, server, protocol, observation_point, requests)
      VALUES ${rows('HTTP', 9)}, ${rows('TLS', 1)}`,
  });
  await queried.client.command({
    query: `INSERT INTO otel.flow_metrics_1s (received_date, time, client, server, protocol, observation_point, client_bytes)
      VALUES (today(), ${second}, 'recommendations', 'catalog', 'http', 's-p', 700)`,
  });
  const found = await edges({ service: 'catalog' });
  assert.deepEqual(
    found.map(({ protocol, traffic, trafficIsTold }) => [protocol, traffic?.clientBytes, trafficIsTold]),
    [
      ['HTTP', 700, false],
      ['TLS', undefined, true],
    ],
  );
});
