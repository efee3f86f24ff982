import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { insertSpans, type TestSpan } from '../testing/insert.ts';
import { openQueriedStore } from '../testing/store.ts';
import { serviceRed } from './red.ts';

const nowMs = Math.floor(Date.now() / 1000) * 1000;
const range = { fromNs: BigInt(nowMs - 3_600_000) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };
const queried = await openQueriedStore({ after });

let made = 0;
const call = (service: string, point: string): TestSpan => ({
  traceId: String(++made).padStart(32, '0'),
  spanId: String(made).padStart(16, '0'),
  service,
  name: 'GET /',
  kind: 2,
  startNs: BigInt(nowMs - 30_000) * 1_000_000n,
  durationNs: 1_000_000,
  attributes: point === '' ? {} : { 'deepflow.observation_point': point },
});
await insertSpans(queried.client, [
  call('cart', 's-p'),
  call('10.0.0.9:80', 'local'),
  call('[::1]:80', 's'),
  // Nobody but packets tells of these: another host, a process without calls, an owner that is not known.
  call('10.0.0.7:80', 'c'),
  call('10.0.0.9:81', 'local'),
  call('10.0.0.9:82', 'local'),
  call('10.0.0.9:80', ''),
]);
const seconds = nowMs / 1000 - 30;
const flow = (service: string, address: string, port: number) =>
  `(today(), fromUnixTimestamp64Milli(toInt64(${nowMs - 20_000})), '${service}', '${address}', ${port}, 's-p')`;
await queried.client.command({
  query: `INSERT INTO otel.flow_log (received_date, time, service_name, server_address, server_port, observation_point) VALUES
    ${flow('cart', '10.0.0.9', 80)}, ${flow('cart', '::1', 80)}, ${flow('quiet', '10.0.0.9', 81)}, ${flow('', '10.0.0.9', 82)}`,
});
await queried.client.command({
  query: `INSERT INTO otel.call_metrics_1s (received_date, time, server, requests) VALUES
    (today(), toDateTime(${seconds}), 'cart', 1), (today(), toDateTime(${seconds}), '10.0.0.9:81', 1)`,
});

test('calls that a process tells of are not counted again under the address that packets know', async () => {
  const services = await serviceRed(queried.store, range, nowMs, AbortSignal.timeout(30_000));
  const shown = Object.fromEntries(services.map(({ service, requests }) => [service, requests]));
  assert.deepEqual(shown, { cart: 1, '10.0.0.7:80': 1, '10.0.0.9:81': 1, '10.0.0.9:82': 1, '10.0.0.9:80': 1 });
});
