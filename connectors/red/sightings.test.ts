import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attributes, createTestRed, flowBatch, spanBatch, t0, total } from './testing/red.ts';

const packets: Attributes = {
  'client.address': '10.0.0.7',
  'server.address': '10.0.0.9',
  'server.port': 8080,
  'deepflow.observation_point': 'local',
  'deepflow.protocol': 'HTTP',
};
const server: Attributes = { ...packets, 'deepflow.observation_point': 's-p' };
const client: Attributes = { ...packets, 'deepflow.observation_point': 'c-p' };
/** A call by name: the socket's address is an attribute of its own, another one at either side. */
const named = { 'server.address': 'shop.example', 'server.port': 443 };
const onWire = { service: '10.0.0.9:8080', attributes: packets };

const cases: [name: string, spans: Parameters<typeof spanBatch>, expected: Record<string, number>][] = [
  ['its server told of, too', [onWire, { service: 'shop', attributes: server }], { 's-p': 1 }],
  ['its client told of, too', [onWire, { service: 'cart', kind: 3, attributes: client }], { 'c-p': 1 }],
  [
    'both its ends told of, too',
    [onWire, { service: 'cart', kind: 3, attributes: client }, { service: 'shop', attributes: server }],
    { 'c-p': 1, 's-p': 1 },
  ],
  [
    'its server told of by the name that it was called by',
    [
      {
        ...onWire,
        attributes: { ...packets, ...named, 'network.local.address': '10.0.0.9', 'network.local.port': 8080 },
      },
      {
        service: 'cart',
        kind: 3,
        attributes: { ...client, ...named, 'network.peer.address': '10.0.0.9', 'network.peer.port': 8080 },
      },
    ],
    { 'c-p': 1 },
  ],
  [
    'its server told of an instant later, in the next second',
    [
      { ...onWire, end: t0 + 0.999 },
      { service: 'shop', attributes: server, end: t0 + 1 },
    ],
    { 's-p': 1 },
  ],
  [
    'its server told of an instant earlier, in the second before',
    [
      { ...onWire, end: t0 + 1 },
      { service: 'shop', attributes: server, end: t0 + 0.999 },
    ],
    { 's-p': 1 },
  ],
];

for (const [name, spans, expected] of cases) {
  test(`packets' figures of a call are left out when ${name}`, async () => {
    const { connector, points, context } = createTestRed();
    await connector.consume(spanBatch(...spans));
    await connector.shutdown!();
    assert.deepEqual(byPoint(points), expected);
    assert.equal(context.metric('connector_red_left_out_series', { otel_signal: 'traces' }), 1);
  });
}

const others: [name: string, process: Parameters<typeof spanBatch>[0]][] = [
  ['another port', { attributes: { ...server, 'server.port': 8081 } }],
  ['another address', { attributes: { ...server, 'server.address': '10.0.0.10' } }],
  ['another protocol', { attributes: { ...server, 'deepflow.protocol': 'gRPC' } }],
  ['another time', { attributes: server, end: t0 + 2 }],
  ['nothing but an SDK', { attributes: { 'server.address': '10.0.0.9', 'server.port': 8080 } }],
];

for (const [name, process] of others) {
  test(`packets' figures stay when processes tell of ${name}`, async () => {
    const { connector, points } = createTestRed();
    await connector.consume(spanBatch(onWire, process!));
    await connector.shutdown!();
    assert.equal(byPoint(points).local, 1);
    assert.equal(total(points, 'deepflow.call.requests'), 2);
  });
}

test('in a minute, packets count only where no process told of the place, whichever came first', async () => {
  const { connector, points } = createTestRed({ intervals: ['1m'] });
  const calls = Array.from({ length: 50 }, (_, i) => ({ end: t0 + i }));
  await connector.consume(spanBatch(...calls.map((call) => ({ ...onWire, ...call }))));
  await connector.consume(spanBatch(...calls.map((call) => ({ service: 'shop', attributes: server, ...call }))));
  await connector.consume(spanBatch({ ...onWire, attributes: { ...packets, 'server.address': '10.0.0.11' } }));
  await connector.shutdown!();
  assert.deepEqual(byPoint(points), { 's-p': 50, local: 1 });
});

test('a service that listens at two addresses is one series, of the sum of both', async () => {
  const { connector, points } = createTestRed();
  const shop = (port: number, ms: number) => ({
    service: 'shop',
    attributes: { ...server, 'server.port': port },
    durationNs: ms * 1e6,
  });
  await connector.consume(spanBatch(shop(8080, 1), shop(8081, 4), shop(8081, 16)));
  await connector.shutdown!();
  const requests = points.filter(({ metric }) => metric === 'deepflow.call.requests');
  assert.deepEqual(
    requests.map(({ value }) => value),
    [3],
  );
  const [duration] = points.filter(({ metric }) => metric === 'deepflow.call.duration');
  const { counts, sum, min, max } = duration!.histogram!;
  assert.deepEqual(
    [duration!.value, counts.reduce((all, one) => all + one), sum, min, max],
    [3, 3, 0.021, 0.001, 0.016],
  );
});

test('processes call each other by name, packets by address', async () => {
  const { connector, points } = createTestRed();
  const peer = (name: string, attributes: Attributes) => ({ ...attributes, 'service.peer.name': name });
  await connector.consume(
    spanBatch(
      { service: 'cart', kind: 3, attributes: peer('shop', client) },
      { service: 'shop', attributes: peer('cart', server) },
      { service: '10.0.0.9:9000', attributes: { ...peer('cart', packets), 'server.port': 9000 } },
    ),
  );
  await connector.shutdown!();
  const edges = points
    .filter(({ metric }) => metric === 'deepflow.call.requests')
    .map(({ attributes }) => [attributes['deepflow.client'], attributes['deepflow.server']].join(' → '));
  assert.deepEqual(edges.sort(), ['10.0.0.7 → 10.0.0.9:9000', 'cart → shop', 'cart → shop']);
});

test('a connection that processes told of is not counted by packets too', async () => {
  const { connector, points } = createTestRed({ intervals: ['1m'] });
  const flow = { ...packets, 'network.transport': 'tcp', 'deepflow.flow.client.packets': 5 };
  await connector.consume(
    flowBatch(
      { attributes: flow },
      { attributes: { ...flow, 'network.transport': 'udp', 'deepflow.flow.client.packets': 7 } },
      { attributes: { ...flow, 'deepflow.observation_point': 's-p', 'deepflow.flow.client.packets': 6 } },
    ),
  );
  await connector.shutdown!();
  const sent = points.filter(({ metric }) => metric === 'deepflow.flow.packets');
  assert.deepEqual(sent.map(({ value, attributes }) => [attributes['network.transport'], value]).sort(), [
    ['tcp', 6],
    ['udp', 7],
  ]);
});

test('places are told apart also after series were forgotten', async () => {
  const { connector, points } = createTestRed({ max_series: 10, allowed_lateness: '0s' });
  for (let second = 0; second < 60; second += 3) {
    const attributes = (point: string) => ({
      ...packets,
      'server.port': 1000 + second,
      'deepflow.observation_point': point,
    });
    const end = t0 + second;
    await connector.consume(
      spanBatch(
        { end, attributes: attributes('local') },
        { end, service: 'shop', attributes: attributes('s-p') },
        { end, ...onWire },
      ),
    );
  }
  await connector.shutdown!();
  assert.deepEqual(byPoint(points), { 's-p': 20, local: 20 });
});

function byPoint(points: ReturnType<typeof createTestRed>['points']): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { metric, attributes, value } of points) {
    if (metric !== 'deepflow.call.requests') continue;
    const point = String(attributes['deepflow.observation_point']);
    sums[point] = (sums[point] ?? 0) + value;
  }
  return sums;
}
