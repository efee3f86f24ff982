import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openQueriedStore } from '../testing/store.ts';
import { flowDetail } from './detail.ts';
import { searchFlows } from './search.ts';

const nowMs = Date.now();
const range = { fromNs: BigInt(nowMs - 60_000) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };
const search = { range, text: '', flowId: '', filters: [], sort: 'end', limit: 100 };

const queried = await openQueriedStore({ after });
const at = (agoMs: number) => `fromUnixTimestamp64Milli(toInt64(${nowMs - agoMs}))`;
await queried.client.command({
  query: `INSERT INTO otel.flow_log (received_date, time, flow_id, client_address, client_port, server_address, server_port,
          network_transport, network_protocol_name, start_time, end_time, close_type, client_bytes, server_bytes,
          server_retransmissions, rtt_count, rtt_sum, l7_requests, attributes) VALUES
        (today(), ${at(30_000)}, '00000000000000aa', '10.0.0.1', 4000, '10.0.0.9', 443, 'tcp', '', ${at(50_000)}, ${at(31_000)},
          'periodic', 10, 20, 1, 1, 3000, 2, map('zone', 'a')),
        (today(), ${at(10_000)}, '00000000000000aa', '10.0.0.1', 4000, '10.0.0.9', 443, 'tcp', 'http', ${at(50_000)}, ${at(10_000)},
          'finished', 1, 2, 0, 1, 5000, 1, map('zone', 'a')),
        (today(), ${at(20_000)}, '00000000000000bb', 'fe80::1', 5000, '::1', 53, 'udp', 'dns', ${at(21_000)}, ${at(20_000)},
          'timeout', 500, 0, 0, 0, 0, 1, map('zone', 'b'))`,
});

const ids = async (more: Partial<typeof search> | Record<string, unknown> = {}) =>
  (await searchFlows(queried.store, { ...search, ...more }, AbortSignal.timeout(30_000))).map(({ flowId }) =>
    flowId.slice(-2),
  );

test('a flow is the sum of its records, with what its last one says', async () => {
  const [flow] = await searchFlows(queried.store, { ...search, sort: 'requests' }, AbortSignal.timeout(30_000));
  const { clientBytes, serverBytes, retransmissions, requests, records, closeType, protocol, rttNs, artNs } = flow!;
  assert.deepEqual(
    { clientBytes, serverBytes, retransmissions, requests, records },
    {
      clientBytes: 11,
      serverBytes: 22,
      retransmissions: 1,
      requests: 3,
      records: 2,
    },
  );
  assert.deepEqual(
    { closeType, protocol, rttNs, artNs },
    { closeType: 'finished', protocol: 'http', rttNs: 4000, artNs: -1 },
  );
  assert.equal(flow!.startNs, String(BigInt(nowMs - 50_000) * 1_000_000n));
});

const texts: [text: string, expected: string[]][] = [
  ['10.0.', ['aa']],
  ['443', ['aa']],
  [':53', ['bb']],
  ['10.0.0.1:4000', ['aa']],
  ['10.0.0.1:443', []],
  ['::1', ['bb']],
  ['[::1]:53', ['bb']],
  ['HTTP', ['aa']],
  ['udp', ['bb']],
  ["'; DROP", []],
];
for (const [text, expected] of texts) {
  test(`finds by ${text}`, async () => assert.deepEqual(await ids({ text }), expected));
}

test('sorts by what it is asked for, and says what it can', async () => {
  assert.deepEqual(await ids({ sort: 'bytes' }), ['bb', 'aa']);
  assert.deepEqual(await ids({ sort: 'rtt' }), ['aa', 'bb']);
  await assert.rejects(ids({ sort: 'constructor' }), { code: 'BAD_REQUEST', message: /^sort is one of end, start/ });
});

test('filters by attributes with a column and without one', async () => {
  const filter = (key: string, value: string, exclude = false) => ({ filters: [{ key, value, exclude }] });
  assert.deepEqual(await ids(filter('server.port', '443')), ['aa']);
  assert.deepEqual(await ids(filter('server.port', '443', true)), ['bb']);
  assert.deepEqual(await ids(filter('zone', 'b')), ['bb']);
  assert.deepEqual(await ids(filter('nothing', 'x')), []);
  assert.deepEqual(await ids({ flowId: '00000000000000bb' }), ['bb']);
});

test('one flow tells everything it has, with units', async () => {
  const { facts } = await flowDetail(queried.store, '00000000000000aa', AbortSignal.timeout(30_000));
  const fact = (key: string) => facts.find((one) => one.key === key);
  assert.equal(fact('deepflow.flow.client.bytes')!.value, '11');
  assert.equal(fact('deepflow.flow.client.bytes')!.unit, 'By');
  assert.equal(fact('deepflow.flow.close_type')!.value, 'finished');
  assert.equal(fact('deepflow.flow.end_time')!.value, String(BigInt(nowMs - 10_000) * 1_000_000n));
  assert.equal(fact('deepflow.flow.syn'), undefined);
});

test('an unknown flow says what may be the reason', async () => {
  await assert.rejects(flowDetail(queried.store, 'ffffffffffffffff', AbortSignal.timeout(30_000)), {
    code: 'NOT_FOUND',
    message: /retention/,
  });
  await assert.rejects(flowDetail(queried.store, 'x', AbortSignal.timeout(30_000)), { code: 'BAD_REQUEST' });
});
