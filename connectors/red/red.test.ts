import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryable } from '../../component/errors.ts';
import { type Attributes, createTestRed, flowBatch, type Point, spanBatch, t0, total } from './testing/red.ts';

const wire: Attributes = {
  'client.address': '10.0.0.7',
  'server.address': '10.0.0.9',
  'server.port': 6379,
  'deepflow.observation_point': 's',
  'deepflow.protocol': 'Redis',
  'deepflow.call.outcome': 'answered',
};

const cases: [name: string, span: Parameters<typeof spanBatch>[0], expected: Record<string, number>][] = [
  ['an answered call', { attributes: wire }, { requests: 1, responses: 1, duration: 1 }],
  ['a one-way call', { attributes: { ...wire, 'deepflow.call.outcome': 'one_way' } }, { requests: 1 }],
  [
    'a timeout',
    { status: 2, attributes: { ...wire, 'deepflow.call.outcome': 'timeout' } },
    { requests: 1, timeout: 1 },
  ],
  ['an unanswered call', { attributes: { ...wire, 'deepflow.call.outcome': 'unanswered' } }, { requests: 1 }],
  ['a response alone', { attributes: { ...wire, 'deepflow.call.outcome': 'unmatched_response' } }, { responses: 1 }],
  [
    'a 503',
    { status: 2, attributes: { 'http.response.status_code': 503, 'error.type': '503' } },
    { requests: 1, responses: 1, duration: 1, server: 1 },
  ],
  [
    'a 404, which the client calls an error',
    { kind: 3, status: 2, attributes: { 'http.response.status_code': 404, 'error.type': '404' } },
    { requests: 1, responses: 1, duration: 1, client: 1 },
  ],
  [
    'an error that is no fault of the server',
    { attributes: { ...wire, 'error.type': 'WRONGTYPE' } },
    { requests: 1, responses: 1, duration: 1, client: 1 },
  ],
  ['an internal span', { kind: 1 }, {}],
];

for (const [name, span, expected] of cases) {
  test(`counts ${name}`, async () => {
    const { connector, points } = createTestRed();
    await connector.consume(spanBatch(span!));
    await connector.shutdown!();
    const counted: Record<string, number> = {};
    for (const { metric, attributes, value } of points) {
      const key = attributes['deepflow.error.side'] ?? metric.replace('deepflow.call.', '');
      counted[String(key)] = value;
    }
    assert.deepEqual(counted, expected);
  });
}

const edges: [name: string, span: Parameters<typeof spanBatch>[0], client: string, server: string, point: string][] = [
  ['a server seen on the wire', { service: 'cache', attributes: wire }, '10.0.0.7', 'cache', 's'],
  [
    'a client seen on the wire, nobody known',
    { service: '10.0.0.7', kind: 3, attributes: { ...wire, 'deepflow.observation_point': 'c' } },
    '10.0.0.7',
    '10.0.0.9:6379',
    'c',
  ],
  [
    'a client seen on the wire that names the server',
    {
      service: '10.0.0.7',
      kind: 3,
      attributes: {
        ...wire,
        'server.address': 'shop.example',
        'network.peer.address': 'fe80::9',
        'network.peer.port': 8080,
        'deepflow.observation_point': 'c',
      },
    },
    '10.0.0.7',
    '[fe80::9]:8080',
    'c',
  ],
  [
    'a client seen on the wire, its process known',
    { service: 'cart', kind: 3, attributes: { ...wire, 'deepflow.observation_point': 'c' } },
    'cart',
    '10.0.0.9:6379',
    'c',
  ],
  [
    'a client with an SDK',
    {
      service: 'cart',
      kind: 3,
      attributes: { 'server.address': 'redis', 'server.port': 6379, 'db.system.name': 'redis' },
    },
    'cart',
    'redis:6379',
    'c-app',
  ],
  [
    'a client that names its peer',
    { service: 'cart', kind: 3, attributes: { 'peer.service': 'pay' } },
    'cart',
    'pay',
    'c-app',
  ],
  [
    'a broker that was sent a record, as its process saw it',
    {
      service: 'kafka',
      kind: 4,
      attributes: { ...wire, 'service.peer.name': 'orders', 'deepflow.observation_point': 's-p' },
    },
    'orders',
    'kafka',
    's-p',
  ],
  [
    'a process that asked a broker for records',
    {
      service: 'shipping',
      kind: 5,
      attributes: { ...wire, 'service.peer.name': 'kafka', 'deepflow.observation_point': 'c-p' },
    },
    'shipping',
    'kafka',
    'c-p',
  ],
  [
    'a server with an SDK',
    { service: 'shop', attributes: { 'client.address': '10.1.1.1' } },
    '10.1.1.1',
    'shop',
    's-app',
  ],
];

for (const [name, span, client, server, point] of edges) {
  test(`finds client, server and observation point of ${name}`, async () => {
    const { connector, points } = createTestRed();
    await connector.consume(spanBatch(span!));
    await connector.shutdown!();
    const [first] = points;
    assert.equal(first!.service, span!.service);
    const { 'deepflow.client': c, 'deepflow.server': s, 'deepflow.observation_point': o } = first!.attributes;
    assert.deepEqual([c, s, o], [client, server, point]);
  });
}

test('windows are aligned to the time of the events, and a second and a minute add up to the same', async () => {
  const { connector, points } = createTestRed({ intervals: ['1s', '1m'] });
  await connector.consume(
    spanBatch(
      { end: t0 + 0.999 },
      { end: t0 + 1 },
      { end: t0 + 1.5, durationNs: 4e9 },
      { end: t0 + 59.999 },
      { end: t0 + 60 },
    ),
  );
  await connector.shutdown!();
  const requests = points.filter(({ metric }) => metric === 'deepflow.call.requests');
  const of = (interval: string) =>
    requests
      .filter(({ attributes }) => attributes['deepflow.interval'] === interval)
      .map(({ startSeconds, seconds, value }) => [startSeconds - t0, seconds - t0, value])
      .sort(([a], [b]) => a! - b!);
  assert.deepEqual(of('1s'), [
    [0, 1, 1],
    [1, 2, 2],
    [59, 60, 1],
    [60, 61, 1],
  ]);
  assert.deepEqual(of('1m'), [
    [0, 60, 4],
    [60, 120, 1],
  ]);
});

test('a window is handed on when the allowed lateness has passed, by the clock when nothing comes', async () => {
  const { clock, connector, points } = createTestRed({ allowed_lateness: '2s' });
  await connector.start!();
  await connector.consume(spanBatch({ end: t0 }));
  await clock.advance(2500);
  assert.equal(points.length, 0);
  await clock.advance(1000);
  assert.equal(total(points, 'deepflow.call.requests'), 1);
  await connector.shutdown!();
});

test('what comes late is counted in the oldest open window, and said', async () => {
  const { connector, points, context } = createTestRed({ allowed_lateness: '2s' });
  await connector.consume(spanBatch({ end: t0 + 10 }));
  await connector.consume(spanBatch({ end: t0 + 9 }, { end: t0 - 100 }));
  await connector.shutdown!();
  const requests = points.filter(({ metric }) => metric === 'deepflow.call.requests');
  assert.deepEqual(requests.map(({ startSeconds, value }) => [startSeconds - t0, value]).sort(), [
    [10, 1],
    [8, 1],
    [9, 1],
  ]);
  assert.equal(context.metric('connector_red_late_items'), 1);
});

test('a date in the far future does not make everything else late', async () => {
  const { connector, points, context } = createTestRed();
  await connector.consume(spanBatch({ end: t0 + 1e9 }));
  await connector.consume(spanBatch({ end: t0 + 3600 }));
  await connector.shutdown!();
  assert.equal(total(points, 'deepflow.call.requests'), 2);
  assert.equal(context.metric('connector_red_early_items'), 1);
  assert.equal(context.metric('connector_red_late_items'), 0);
});

test('values beyond the limit of a service become _OTHER, series beyond theirs one series; the sums agree', async () => {
  const { connector, points, context } = createTestRed({ max_values: 5, max_series: 20 });
  const spans = Array.from({ length: 200 }, (_, i) => ({
    service: i < 100 ? 'shop' : `service-${i}`,
    name: `GET /${i}`,
    durationNs: 1e6 * (i + 1),
  }));
  await connector.consume(spanBatch(...spans));
  await connector.shutdown!();
  assert.equal(total(points, 'deepflow.call.requests'), 200);
  assert.equal(total(points, 'deepflow.call.duration'), 200);
  assert.equal(total(points, 'deepflow.call.requests', { service: 'shop', 'span.name': '_OTHER' }), 95);
  assert.equal(total(points, 'deepflow.call.requests', { service: '_OTHER', 'otel.metric.overflow': true }), 86);
  assert.equal(total(points, 'deepflow.call.requests', { 'otel.metric.overflow': true }), 181);
  assert.equal(context.metric('connector_red_overflowed_items'), 181);
});

test('series of closed windows make room for new ones', async () => {
  const { connector, points } = createTestRed({ max_series: 10, allowed_lateness: '1s' });
  for (let second = 0; second < 40; second++) {
    await connector.consume(spanBatch({ end: t0 + 10 * second, name: `GET /${second}` }, { end: t0 + 10 * second }));
  }
  await connector.shutdown!();
  assert.equal(total(points, 'deepflow.call.requests', { 'otel.metric.overflow': true }), 0);
  assert.equal(total(points, 'deepflow.call.requests', { 'span.name': 'GET /' }), 40);
});

test('a client is told to wait while finished windows are not taken, and nothing is lost', async () => {
  let refusals = 3;
  const { clock, connector, points, context } = createTestRed({ memory_limit: 1, allowed_lateness: '0s' }, async () => {
    if (refusals-- > 0) throw retryable('full');
  });
  await connector.start!();
  await connector.consume(spanBatch({ end: t0 }));
  await connector.consume(spanBatch({ end: t0 + 5 }));
  let taken = false;
  const waiting = connector.consume(spanBatch({ end: t0 + 6 })).then(() => {
    taken = true;
  });
  await clock.advance(50);
  assert.equal(taken, false);
  await clock.advance(5000);
  await waiting;
  await connector.shutdown!();
  assert.equal(total(points, 'deepflow.call.requests'), 3);
  assert.deepEqual(
    context.statuses.map(({ status }) => status),
    ['recoverable_error', 'ok'],
  );
});

const flow: Attributes = {
  'client.address': '10.0.0.7',
  'server.address': '10.0.0.9',
  'server.port': 443,
  'network.transport': 'tcp',
  'deepflow.observation_point': 'local',
  'deepflow.flow.close_type': 'periodic',
};

test('a record of a whole minute belongs to that minute', async () => {
  const { connector, points } = createTestRed({ intervals: ['1m'] });
  await connector.consume(flowBatch({ end: t0 + 60, attributes: flow }, { end: t0 + 60.001, attributes: flow }));
  await connector.shutdown!();
  const records = points.filter(({ metric }) => metric === 'deepflow.flow.records');
  assert.deepEqual(records.map(({ startSeconds }) => startSeconds - t0).sort(), [0, 60]);
});

test('flows become traffic, delays and failures of an edge', async () => {
  const { connector, points, context } = createTestRed();
  await connector.consume(
    flowBatch(
      {
        attributes: {
          ...flow,
          'deepflow.flow.is_new': true,
          'deepflow.flow.client.packets': 4,
          'deepflow.flow.client.bytes': 6_000_000_000,
          'deepflow.flow.server.retransmissions': 2,
          'deepflow.flow.rtt.count': 3,
          'deepflow.flow.rtt.sum': 3_000_000,
          'deepflow.flow.rtt.min': 0,
          'deepflow.flow.rtt.max': 2_000_000,
          'deepflow.flow.rtt.scale': 1,
          'deepflow.flow.rtt.offset': -20,
          'deepflow.flow.rtt.buckets': [1, 0, 1],
        },
      },
      {
        attributes: {
          ...flow,
          'deepflow.flow.close_type': 'server_reset',
          'deepflow.flow.failure': 'server_establish',
          'deepflow.flow.client.packets': 1,
        },
      },
      { eventName: 'something.else', attributes: flow },
    ),
  );
  await connector.shutdown!();
  const sums: [metric: string, where: Record<string, string>, expected: number][] = [
    ['records', {}, 2],
    ['opened', {}, 1],
    ['closed', { 'deepflow.flow.close_type': 'server_reset' }, 1],
    ['closed', {}, 1],
    ['failures', { 'deepflow.flow.failure': 'server_establish' }, 1],
    ['packets', { 'deepflow.flow.sender': 'client' }, 5],
    ['bytes', { 'deepflow.flow.sender': 'client' }, 6_000_000_000],
    ['retransmissions', { 'deepflow.flow.sender': 'server' }, 2],
    ['packets', { service: '10.0.0.9:443', 'deepflow.client': '10.0.0.7', 'deepflow.server': '10.0.0.9:443' }, 5],
  ];
  for (const [metric, where, expected] of sums) {
    assert.equal(total(points, `deepflow.flow.${metric}`, where), expected, `${metric} ${JSON.stringify(where)}`);
  }
  const rtt = points.find(({ metric }) => metric === 'deepflow.flow.rtt') as Point;
  assert.equal(rtt.value, 3);
  assert.deepEqual(rtt.histogram, {
    scale: 1,
    offset: -20,
    counts: [1, 0, 1],
    zeros: 1,
    sum: 0.003,
    min: 0,
    max: 0.002,
  });
  assert.equal(context.metric('connector_red_ignored_items', { otel_signal: 'logs' }), 1);
});
