import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventKind } from '../../../bpf/programs/event.gen.ts';
import type { FlowIdentity } from '../../../flow/identity.ts';
import { AttributeWriter, attributeKey } from '../../../flow/otlp/attribute-writer.ts';
import { createCaptureClock } from '../../../flow/packet/clock.ts';
import { flowAttributes } from '../../../pdata/schema/flow-log.ts';
import type { SocketEvent } from '../socket-event.ts';
import { readLogs, type TcpFields, tcpEventOf } from '../testing/tcp-events.ts';
import { TcpRecords, type TcpRecordsOptions } from './records.ts';

/** The capture begins in the middle of a minute; monotonic time is the capture's. */
const epoch = 1_700_000_010;
const open: SocketEvent[] = [];
const minuteNs = 60e9;
const nextMinuteNs = 30e9;
const closed = 7;

const ignored = new Set<number>();

function records(change: Partial<TcpRecordsOptions> = {}) {
  open.length = 0;
  return new TcpRecords({
    clock: createCaptureClock(epoch),
    timeOf: (ns) => ns,
    hostName: 'host',
    version: '1',
    intervalMs: 60_000,
    maxConnections: 100,
    maxPendingBytes: 1 << 20,
    names: { resetReason: (number) => `reset ${number}`, dropReason: (number) => `drop ${number}` },
    processOf: (pid) => ({
      key: String(pid),
      serviceName: `service-${pid}`,
      resource() {
        const writer = new AttributeWriter(1);
        writer.text(attributeKey('service.name'), `service-${pid}`);
        writer.int(attributeKey('process.pid'), pid);
        return writer.out.take();
      },
    }),
    excludedPorts: new Set([60_022]),
    isWanted: (pid) => !ignored.has(pid),
    guessRole: () => 'server',
    conversationsOf: () => [],
    readOpen(take) {
      for (const event of open) take(event);
      return true;
    },
    ...change,
  });
}

const settled = 10e9;

test('a connection that ends is told once, in the words of flow records', () => {
  const table = records();
  table.event(
    tcpEventOf({
      ...{ state: closed, bytesSent: 5000, bytesReceived: 301, finReceived: true, segmentsOut: 10, segmentsIn: 8 },
      ...{ srttUs: 120, minRttUs: 80, rttVarianceUs: 9, connectUs: 150, congestionWindow: 10, lost: 1 },
      ...{ slowStartThreshold: 0x7fff_ffff, retransmitted: 2, synRetransmitted: 1, outOfOrder: 3 },
      ...{ headerBytes: 52, segmentBytes: 1448, bytesRetransmitted: 1448, drop: [[33, 2]] },
    }),
  );
  table.tick(1.1e9);
  assert.equal(table.drain(), null, 'what comes after the end is waited for');
  table.tick(1.3e9);
  const [record, ...more] = readLogs(table.drain());
  assert.equal(more.length, 0);
  assert.equal(table.size, 0);
  const types = new Map(flowAttributes.map(({ key, type }) => [key, type]));
  for (const [key, value] of Object.entries(record!.attributes)) {
    const fits = { string: 'string', int: 'number', bool: 'boolean', ints: 'object', strings: 'object' }[
      types.get(key)!
    ];
    assert.equal(typeof value, fits, key);
  }
  assert.equal(record!.event, 'deepflow.flow');
  assert.equal(record!.timeNs, BigInt(epoch) * 1_000_000_000n + 1_000_000_000n);
  assert.deepEqual(record!.resource, { 'service.name': 'service-100', 'process.pid': 100 });
  const { 'deepflow.flow.id': id, ...attributes } = record!.attributes;
  assert.match(String(id), /^[0-9a-f]{16}$/);
  assert.deepEqual(attributes, {
    'client.address': '10.0.0.1',
    'client.port': 40000,
    'server.address': '10.0.0.2',
    'server.port': 80,
    'network.transport': 'tcp',
    'network.type': 'ipv4',
    'deepflow.observation_point': 'c-p',
    'deepflow.flow.start_time': epoch * 1e9 + 0.9e9,
    'deepflow.flow.end_time': epoch * 1e9 + 1e9,
    'deepflow.flow.duration': 0.1e9,
    'deepflow.flow.interval': 0.1e9,
    'deepflow.flow.is_new': true,
    'deepflow.flow.close_type': 'finished',
    'deepflow.flow.status': 'ok',
    'deepflow.flow.direction.evidence': 'syn',
    'deepflow.flow.direction.score': 255,
    'deepflow.flow.syn.sequence': 111,
    'deepflow.flow.syn_ack.sequence': 222,
    'deepflow.flow.syn': 2,
    'deepflow.flow.syn.retransmissions': 1,
    'deepflow.flow.syn_ack': 1,
    'deepflow.flow.rtt.count': 1,
    'deepflow.flow.rtt.sum': 150_000,
    'deepflow.flow.rtt.min': 150_000,
    'deepflow.flow.rtt.max': 150_000,
    'deepflow.flow.rtt.scale': 3,
    'deepflow.flow.rtt.offset': -102,
    'deepflow.flow.rtt.buckets': [1],
    'deepflow.flow.client.packets': 10,
    'deepflow.flow.client.bytes': 5000 + 10 * 66,
    'deepflow.flow.client.l3_bytes': 5000 + 10 * 52,
    'deepflow.flow.client.payload_bytes': 5000,
    'deepflow.flow.client.retransmissions': 2,
    'deepflow.flow.server.packets': 8,
    'deepflow.flow.server.bytes': 300 + 8 * 66,
    'deepflow.flow.server.l3_bytes': 300 + 8 * 52,
    'deepflow.flow.server.payload_bytes': 300,
    'deepflow.flow.server.out_of_order': 3,
    'deepflow.flow.tcp.state': 'close',
    'deepflow.flow.tcp.smoothed_rtt': 120_000,
    'deepflow.flow.tcp.rtt_variance': 9_000,
    'deepflow.flow.tcp.min_rtt': 80_000,
    'deepflow.flow.tcp.congestion_window': 10,
    'deepflow.flow.tcp.segment_size': 1448,
    'deepflow.flow.tcp.lost': 1,
    'deepflow.flow.tcp.retransmitted_bytes': 1448,
    'deepflow.flow.tcp.connect_duration': 150_000,
    'deepflow.flow.drops': 2,
    'deepflow.flow.drop.reasons': ['drop 33'],
    'deepflow.flow.drop.counts': [2],
  });
});

const ends: [name: string, fields: TcpFields, change: Partial<SocketEvent>, expected: (string | undefined)[]][] = [
  [
    'refused',
    { connected: false, reset: 2, error: 111 },
    {},
    ['server_reset', 'server_establish', 'server', undefined, 'ECONNREFUSED'],
  ],
  [
    'not answered',
    { connected: false, error: 110 },
    {},
    ['client_syn_repeat', 'server_establish', undefined, undefined, 'ETIMEDOUT'],
  ],
  [
    'reset by the other end',
    { reset: 2, error: 104 },
    {},
    ['server_reset_transfer', 'transfer', 'server', undefined, 'ECONNRESET'],
  ],
  [
    'reset by this end',
    { reset: 1, resetReason: 11 },
    { role: 2 },
    ['server_reset_transfer', 'transfer', 'server', 'reset 11', undefined],
  ],
  [
    'reset by the client after the server had finished',
    { reset: 1, resetReason: 12, finReceived: true },
    {},
    ['client_reset_finished', undefined, 'client', 'reset 12', undefined],
  ],
  ['given up by TCP', { error: 110 }, {}, ['timeout', 'transfer', undefined, undefined, 'ETIMEDOUT']],
  [
    'reset before it was accepted',
    { connected: false, reset: 2 },
    { role: 2 },
    ['client_establish_reset', 'client_establish', 'client', undefined, undefined],
  ],
];

for (const [name, fields, change, expected] of ends) {
  test(`a connection that is ${name} says so`, () => {
    const table = records();
    table.event(tcpEventOf({ state: closed, ...fields }, change));
    table.tick(settled);
    const [{ attributes: found }] = readLogs(table.drain()) as [ReturnType<typeof readLogs>[0]];
    const names = ['close_type', 'failure', 'reset.by', 'reset.reason', 'tcp.error'];
    assert.deepEqual(
      names.map((one) => found[`deepflow.flow.${one}`]),
      expected,
    );
  });
}

test('an open connection is told each minute by what it moved since, and not when it moved nothing', () => {
  const table = records();
  table.tick(2e9);
  const at = (bytesSent: number, segmentsOut: number, timeNs: number) => {
    open.splice(0, open.length, tcpEventOf({ bytesSent, segmentsOut }, { timeNs }));
    table.tick(timeNs);
    return readLogs(table.drain());
  };
  const told = [
    at(100, 1, nextMinuteNs + 1e6),
    at(100, 1, nextMinuteNs + minuteNs),
    at(350, 3, nextMinuteNs + 2 * minuteNs),
  ];
  const [first, second] = told.flat();
  assert.equal(told.flat().length, 2);
  assert.equal(first!.timeNs, BigInt(epoch + 30) * 1_000_000_000n);
  assert.equal(second!.timeNs, BigInt(epoch + 150) * 1_000_000_000n);
  for (const [record, bytes, packets, isNew] of [
    [first!, 100, 1, true],
    [second!, 250, 2, false],
  ] as const) {
    assert.equal(record.attributes['deepflow.flow.close_type'], 'periodic');
    assert.equal(record.attributes['deepflow.flow.client.payload_bytes'], bytes);
    assert.equal(record.attributes['deepflow.flow.client.packets'], packets);
    assert.equal(record.attributes['deepflow.flow.is_new'], isNew);
  }
});

test('what a connection moved before it was watched is not told', () => {
  const table = records();
  const unseen = { beginNs: 0, role: 0, sequence: 0, otherSequence: 0 };
  open.push(tcpEventOf({ bytesSent: 1e6, segmentsOut: 1000, connected: false }, unseen));
  table.tick(2e9);
  table.event(tcpEventOf({ bytesSent: 1e6 + 5, segmentsOut: 1001, state: closed, connected: false }, unseen));
  table.tick(settled);
  const [record] = readLogs(table.drain());
  assert.equal(record!.attributes['deepflow.flow.server.payload_bytes'], 5);
  assert.equal(record!.attributes['deepflow.flow.is_new'], false);
  assert.equal(record!.attributes['deepflow.flow.close_type'], 'finished');
  assert.equal(record!.attributes['deepflow.flow.direction.evidence'], 'listening_port');
});

test('the owner is who accepted it; without one the record is the host’s, and left out are those nobody wants', () => {
  const owner = (accepted: number | undefined, closer: number) => {
    const table = records();
    const ends = { role: 2, pid: closer };
    if (accepted !== undefined)
      table.event(tcpEventOf({}, { ...ends, kind: eventKind.open, pid: accepted, captured: 0 }));
    table.event(tcpEventOf({ state: closed }, ends));
    table.tick(settled);
    return readLogs(table.drain()).map(({ resource }) => resource['service.name'] ?? resource['host.name']);
  };
  assert.deepEqual(owner(7, 8), ['service-7']);
  assert.deepEqual(owner(undefined, 8), ['service-8']);
  assert.deepEqual(owner(undefined, 0), ['host']);
  ignored.add(999);
  assert.deepEqual(owner(undefined, 999), []);
  // A process that is over by the time its connection is told was asked for when it was seen.
  const table = records();
  table.event(tcpEventOf({ state: closed }, { pid: 999 }));
  ignored.clear();
  table.tick(settled);
  assert.equal(table.drain(), null);
});

test('where processes are left out, a connection is told once its owner is known, from its beginning, and never before', () => {
  const table = records({ isWanted: (pid) => pid !== 0 });
  table.tick(2e9);
  const unknown = { pid: 0 };
  table.event(tcpEventOf({ state: closed }, { ...unknown, socket: 1, localPort: 1 }));
  open.push(tcpEventOf({ bytesSent: 100, segmentsOut: 1 }, { ...unknown, socket: 2 }));
  table.tick(nextMinuteNs + 1e6);
  assert.equal(table.drain(), null);
  table.event(tcpEventOf({ bytesSent: 150, segmentsOut: 2, state: closed }, { socket: 2, timeNs: nextMinuteNs + 2e6 }));
  table.tick(nextMinuteNs + settled);
  const [{ resource, attributes }, ...others] = readLogs(table.drain()) as [ReturnType<typeof readLogs>[0]];
  assert.equal(others.length, 0);
  assert.equal(resource['service.name'], 'service-100');
  assert.equal(attributes['deepflow.flow.client.payload_bytes'], 150);
  assert.equal(attributes['deepflow.flow.is_new'], true);
});

test('a reset that comes after the end belongs to it; a new connection of the same socket does not', () => {
  const table = records();
  const reset = tcpEventOf({ state: closed, reset: 1, resetReason: 11 }, { timeNs: 1.001e9 });
  table.event(tcpEventOf({ state: closed }));
  table.event(reset);
  table.event(tcpEventOf({ state: closed, error: 111, connected: false }, { timeNs: 1.002e9, localPort: 40_001 }));
  table.tick(settled);
  assert.deepEqual(
    readLogs(table.drain()).map(({ attributes }) => [
      attributes['client.port'],
      attributes['deepflow.flow.close_type'],
      attributes['deepflow.flow.reset.reason'],
    ]),
    [
      [40_000, 'client_reset_transfer', 'reset 11'],
      [40_001, 'client_syn_repeat', undefined],
    ],
  );
});

test('both ends on this host know each other’s service, and their calls are counted once', () => {
  const calls = { requests: 3, responses: 3, clientErrors: 0, serverErrors: 1, timeouts: 0, answered: true };
  const inside = { protocol: 'http', ...calls, socket: { id: 's1' } } as FlowIdentity;
  const plain = { ...inside, protocol: 'tls', requests: 1, responses: 1, serverErrors: 0 } as FlowIdentity;
  let forgotten = false;
  const table = records({ conversationsOf: (socket) => (socket === 2 && !forgotten ? [plain, inside] : []) });
  const mirrored = tcpEventOf({ segmentsIn: 1 }, { socket: 2, role: 2, pid: 200, localPort: 80, remotePort: 40_000 });
  mirrored.bytes.set([10, 0, 0, 2], 0);
  mirrored.bytes.set([10, 0, 0, 1], 16);
  open.push(tcpEventOf({ segmentsIn: 1 }), mirrored);
  table.tick(2e9);
  table.tick(nextMinuteNs);
  table.drain();
  inside.requests = 2;
  // The event of an end names the socket, and has neither addresses nor ports.
  for (const { socket } of open) {
    const end = { kind: eventKind.close, captured: 0, family: 0, transport: 0, localPort: 0, remotePort: 0 };
    table.event(tcpEventOf({}, { socket, ...end }));
  }
  open.length = 0;
  forgotten = true;
  table.close(nextMinuteNs + 5e9);
  const [client, server] = readLogs(table.drain());
  assert.equal(client!.attributes['service.peer.name'], 'service-200');
  assert.equal(server!.attributes['service.peer.name'], 'service-100');
  assert.equal(server!.attributes['network.protocol.name'], 'http');
  assert.equal(server!.attributes['deepflow.socket.id'], 's1');
  assert.equal(server!.attributes['deepflow.flow.l7.requests'], 2);
  assert.equal(server!.attributes['deepflow.flow.close_type'], 'forced');
});

test('connections beyond the limit and those that vanished are given up, and told', () => {
  const table = records({ maxConnections: 2 });
  for (const socket of [1, 2, 3]) table.event(tcpEventOf({ segmentsOut: 1 }, { socket, localPort: socket }));
  assert.equal(table.counters.evicted, 1);
  assert.equal(table.size, 2);
  for (let minute = 0; minute < 5; minute++) table.tick(nextMinuteNs + minute * minuteNs);
  assert.equal(table.size, 0);
  const found = readLogs(table.drain()).map(({ attributes }) => attributes['deepflow.flow.close_type']);
  assert.deepEqual(found.sort(), ['forced', 'periodic', 'periodic', 'unknown', 'unknown']);
});

test('records that nobody takes are dropped and counted', () => {
  const table = records({ maxPendingBytes: 1000 });
  for (let port = 1; port <= 50; port++) {
    table.event(tcpEventOf({ state: closed }, { socket: port, localPort: port }));
  }
  table.tick(settled);
  const told = readLogs(table.drain()).length;
  assert.ok(told > 0 && told < 10, `${told} were kept`);
  assert.equal(table.counters.dropped, 50 - told);
});

test('many open connections are told one part after the other, of the same interval', () => {
  const table = records({ maxConnections: 10_000, maxPendingBytes: 1 << 24 });
  table.tick(2e9);
  const socketOf = (socket: number) => tcpEventOf({ segmentsOut: 1 }, { socket, localPort: socket });
  for (let socket = 1; socket <= 5000; socket++) open.push(socketOf(socket));
  const counts: number[] = [];
  const times = new Set<bigint>();
  for (let tick = 0; tick < 4; tick++) {
    table.tick(nextMinuteNs + tick * 1e8);
    const told = readLogs(table.drain());
    counts.push(told.length);
    for (const { timeNs } of told) times.add(timeNs);
  }
  assert.deepEqual(counts, [2000, 2000, 1000, 0]);
  assert.deepEqual([...times], [BigInt(epoch + 30) * 1_000_000_000n]);
});

test('connections with an excluded port at either end are not told', () => {
  const table = records();
  table.event(tcpEventOf({ state: closed }, { socket: 1, remotePort: 60_022 }));
  table.event(tcpEventOf({ state: closed }, { socket: 2, localPort: 60_022 }));
  assert.equal(table.size, 0);
});

test('an event that is cut is left alone', () => {
  const table = records();
  table.event(tcpEventOf({ state: closed }, { captured: 100 }));
  table.event(tcpEventOf({ state: closed }, { payloadAt: 100 }));
  table.tick(settled);
  assert.equal(table.drain(), null);
});
