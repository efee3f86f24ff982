import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowAttributes } from '../../pdata/schema/flow-log.ts';
import { client, ipv4, noting, server, tcp, testTable, udp } from './testing/packets.ts';
import { type FlowRecord, readFlowRecords, sumFlowRecords } from './testing/records.ts';

const seconds = 1000;

function closeTypes(records: readonly FlowRecord[]): unknown[] {
  return records.map((record) => record['deepflow.flow.close_type']);
}

test('a flow has one record for each minute in which it had packets, and one at its end', () => {
  const table = testTable();
  table.packet(tcp(1 * seconds, client, server, 'S', 1000));
  table.packet(tcp(2 * seconds, server, client, 'SA', 5000, 1001));
  table.packet(tcp(2.1 * seconds, client, server, 'A', 1001, 5001));
  table.packet(tcp(30 * seconds, client, server, 'PA', 1001, 5001, { payload: 100 }));
  // The epoch is 20 s into its minute.
  table.packet(tcp(70 * seconds, server, client, 'PA', 5001, 1101, { payload: 7 }));
  table.packet(tcp(80 * seconds, client, server, 'R', 1101));
  table.tick(200e9);
  const records = readFlowRecords(table.drain());
  assert.deepEqual(closeTypes(records), ['periodic', 'client_reset_transfer']);
  assert.deepEqual(
    records.map((record) => record['deepflow.flow.client.packets']),
    [3, 1],
  );
  assert.deepEqual(
    records.map((record) => record['deepflow.flow.server.payload_bytes']),
    [undefined, 7],
  );
  assert.deepEqual(
    records.map((record) => record['deepflow.flow.is_new']),
    [true, false],
  );
  assert.deepEqual(
    records.map((record) => Number(record['deepflow.flow.interval']) / 1e9),
    [39, 40],
  );
  assert.equal(records[0]!.time, 1_700_000_100e9);
  assert.equal(records[0]!['deepflow.flow.id'], records[1]!['deepflow.flow.id']);
  assert.equal(sumFlowRecords(records)['deepflow.flow.duration'], 79e9);
});

test('idle flows are reported after the minute too, without a packet', () => {
  const table = testTable();
  for (let port = 1; port <= 5000; port++) table.packet(udp(0, ipv4('10.0.0.1', port), server, 'x'));
  for (let second = 1; second < 60; second++) table.tick(second * 1e9);
  const records = readFlowRecords(table.drain());
  assert.equal(records.length, 5000);
  assert.ok(records.every((record) => record['deepflow.flow.close_type'] === 'periodic'));
});

test('records hold only what the table of attributes names, in its types', () => {
  const table = testTable({
    connect: (flow) => {
      flow.protocol = 'http';
      flow.requests = 2;
      flow.realClientAddress = '203.0.113.9';
      return noting([]);
    },
  });
  const ends = { vlan: 5, tunnel: 1, tunnelId: 77 };
  table.packet(tcp(0, client, server, 'S', 1000, 0, ends));
  table.packet(tcp(1, server, client, 'SA', 5000, 1001, ends));
  table.packet(tcp(2, client, server, 'A', 1001, 5001, ends));
  for (let call = 0; call < 9; call++) {
    table.packet(tcp(10 + 10 * call, client, server, 'PA', 1001 + call * 5, 5001 + 5 * call, { payload: 5, ...ends }));
    table.packet(tcp(11 + 11 * call, server, client, 'PA', 5001 + 5 * call, 1006 + 5 * call, { payload: 5, ...ends }));
  }
  table.close();
  const [record] = readFlowRecords(table.drain());
  const types = new Map(flowAttributes.map(({ key, type }) => [key, type]));
  for (const [key, value] of Object.entries(record!)) {
    if (key === 'time' || key === 'event_name') continue;
    const type = types.get(key);
    const fits = { string: 'string', int: 'number', bool: 'boolean', ints: 'object', strings: 'object' }[type!];
    assert.equal(typeof value, fits, `${key} is ${type}`);
  }
  assert.equal(record!.event_name, 'deepflow.flow');
  assert.equal(record!['network.protocol.name'], 'http');
  assert.equal(record!['deepflow.tunnel.type'], 'tunnel-1');
  assert.equal(record!['deepflow.tunnel.id'], 77);
  assert.equal(record!['deepflow.vlan.id'], 5);
  assert.equal(record!['deepflow.client.real_source'], 'proxy_protocol');
  assert.equal(record!['deepflow.flow.l7.requests'], 2);
  const buckets = record!['deepflow.flow.art.buckets'] as number[];
  assert.equal(
    buckets.reduce((sum, count) => sum + count, 0),
    record!['deepflow.flow.art.count'],
  );
});

test('a SYN with another sequence number begins another flow', () => {
  const table = testTable();
  table.packet(tcp(0, client, server, 'S', 1000));
  table.packet(tcp(1, server, client, 'RA', 0, 1001));
  table.packet(tcp(2, client, server, 'S', 1000)); // the same again
  table.packet(tcp(300, client, server, 'S', 9000));
  assert.equal(table.size, 1);
  assert.equal(table.counters.opened, 2);
  table.close();
  assert.deepEqual(closeTypes(readFlowRecords(table.drain())), ['server_reset', 'forced']);
});

test('a flow joined in the middle ends where a SYN begins the next; a SYN captured late does not', () => {
  const table = testTable();
  table.packet(tcp(0, client, server, 'PA', 1001, 5001, { payload: 10 }));
  table.packet(tcp(1, client, server, 'S', 1000));
  assert.equal(table.counters.opened, 1);
  table.packet(tcp(2, client, server, 'S', 777_000_000));
  assert.equal(table.counters.opened, 2);
});

test('one flow, though only one direction carries a VLAN tag', () => {
  const table = testTable();
  table.packet(tcp(0, client, server, 'S', 1000, 0, { vlan: 7 }));
  table.packet(tcp(1, server, client, 'SA', 5000, 1001));
  assert.equal(table.size, 1);
  table.close();
  const [record] = readFlowRecords(table.drain());
  assert.equal(record!['deepflow.vlan.id'], 7);
});

test('points and tunnels keep the same addresses apart', () => {
  const table = testTable();
  for (const extra of [{}, { point: 1 }, { tunnel: 1, tunnelId: 1 }, { tunnel: 1, tunnelId: 2 }]) {
    table.packet(tcp(0, client, server, 'S', 1000, 0, extra));
    table.packet(tcp(1, server, client, 'SA', 5000, 1001, extra));
  }
  assert.equal(table.size, 4);
});

const six = { address: [0x2001_0db8, 0, 0, 1] as const, port: 5000 };
const sixServer = { address: [0x2001_0db8, 0, 0, 2] as const, port: 443 };

test('IPv6 flows are told by all of their address', () => {
  const table = testTable();
  table.packet(tcp(0, six, sixServer, 'S', 1000));
  table.packet(tcp(0, { ...six, address: [0x2001_0db9, 0, 0, 1] }, sixServer, 'S', 1000));
  assert.equal(table.size, 2);
  table.close();
  const [record] = readFlowRecords(table.drain());
  assert.equal(record!['client.address'], '2001:db8::1');
  assert.equal(record!['network.type'], 'ipv6');
});

const clues: [
  name: string,
  evidence: string,
  listening: number[],
  remembered: boolean,
  clientPort: number,
  serverPort: number,
][] = [
  ['configured', 'listening_port', [40000], false, 80, 40000],
  ['remembered', 'history', [], true, 40000, 40001],
  ['privileged', 'port', [], false, 40000, 80],
  ['registered below ephemeral', 'port', [], false, 40000, 3306],
  ['registered among the ephemeral', 'port', [], false, 40000, 61616],
  ['registered, before one below the ephemeral', 'port', [], false, 20000, 61616],
  ['privileged, before one that is registered', 'port', [], false, 61616, 80],
  ['nothing', 'first_packet', [], false, 40000, 40001],
];

for (const [name, evidence, listening, remembered, clientPort, serverPort] of clues) {
  test(`joined in the middle, the client is found by what is ${name}`, () => {
    const table = testTable({ listeningPorts: new Set(listening), registeredPorts: new Set([61616]) });
    const one = ipv4('10.0.0.1', clientPort);
    const two = ipv4('10.0.0.2', serverPort);
    const third = ipv4('10.0.0.3', 50000);
    if (remembered) table.packet(tcp(0, two, third, 'SA', 1, 2));
    const first = evidence === 'first_packet' ? [one, two] : [two, one];
    table.packet(tcp(1, first[0]!, first[1]!, 'PA', 100, 200, { payload: 3 }));
    table.close();
    const record = readFlowRecords(table.drain()).find((candidate) => candidate['client.port'] === clientPort);
    assert.equal(record!['server.port'], serverPort);
    assert.equal(record!['deepflow.flow.direction.evidence'], evidence);
  });
}

test('the reader of the payload turns a flow round, in its record too', () => {
  const table = testTable({
    connect: (flow) => {
      flow.reverse();
      assert.equal(flow.clientAddress, '10.0.0.2');
      return noting([]);
    },
  });
  table.packet(udp(0, client, server, 'x'));
  table.close();
  const [record] = readFlowRecords(table.drain());
  assert.equal(record!['client.address'], '10.0.0.2');
  assert.equal(record!['deepflow.flow.server.packets'], 1);
  assert.equal(record!['deepflow.flow.direction.evidence'], 'payload');
});

test('flows are forgotten after their timeout, not before', () => {
  const table = testTable();
  table.packet(tcp(0, client, server, 'S', 1000));
  table.packet(udp(0, client, server, 'x'));
  table.tick(4e9);
  assert.equal(table.size, 2);
  table.tick(6e9);
  assert.equal(table.size, 1);
  table.tick(61e9);
  assert.equal(table.size, 0);
});

test('a flood of SYNs keeps the table at its limit: who is idle longest goes, who talks stays', () => {
  const table = testTable({ maxFlows: 1000, maxPendingBytes: 100_000 });
  table.packet(tcp(0, client, server, 'S', 1000));
  table.packet(tcp(1, server, client, 'SA', 5000, 1001));
  for (let count = 0; count < 50_000; count++) {
    const from = ipv4(`10.${count & 255}.${count >> 8}.9`, 1024 + (count % 60_000));
    table.packet(tcp(2 + count, from, server, 'S', count));
    if (count % 100 === 0) table.packet(tcp(2 + count, client, server, 'A', 1001, 5001, { payload: 1 }));
    if (count === 20_000) assert.ok(table.pendingBytes < 110_000);
  }
  assert.equal(table.size, 1000);
  assert.ok(table.counters.evicted > 40_000);
  assert.ok(table.records.dropped > 40_000);
  table.drain();
  table.close();
  const talking = readFlowRecords(table.drain()).filter((record) => record['client.address'] === '10.0.0.1');
  assert.equal(talking.length, 1);
  assert.equal(table.sizeBytes < 4 << 20, true);
});

test('rows and index come back clean after many flows have come and gone', () => {
  const table = testTable();
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 3000; count++) {
      const from = ipv4(`10.1.${count >> 8}.${count & 255}`, 1024 + round);
      table.packet(udp(round * 100_000, from, server, 'x'));
    }
    assert.equal(table.size, 3000);
    const found = table.counters.opened;
    for (let count = 0; count < 3000; count += 7) {
      table.packet(udp(round * 100_000 + 1, server, ipv4(`10.1.${count >> 8}.${count & 255}`, 1024 + round), 'y'));
    }
    assert.equal(table.counters.opened, found, 'the answers belong to flows that are there');
    table.drain();
  }
  table.tick(20 * 100_000e6 + 100e9);
  assert.equal(table.size, 0);
});

test('tells from the addresses of the host at which end it looks', () => {
  const seen = (hostAddresses: string[]): unknown => {
    const points = [{ interfaceName: 'eth0', observationPoint: 'rest', hostAddresses: new Set(hostAddresses) }];
    const table = testTable({ points });
    table.packet(tcp(0, client, server, 'S', 1000, 0));
    table.packet(tcp(1, server, client, 'SA', 5000, 1001));
    table.close();
    return readFlowRecords(table.drain())[0]!['deepflow.observation_point'];
  };
  assert.equal(seen(['10.0.0.1']), 'c');
  assert.equal(seen(['10.0.0.2']), 's');
  assert.equal(seen(['10.0.0.1', '10.0.0.2']), 'local');
  assert.equal(seen([]), 'rest');
});

test('equal ends in two VLANs are two flows, whichever side answers first', () => {
  const lines: string[] = [];
  const table = testTable({ connect: () => noting(lines) });
  const inVlan = (vlan: number) => ({ vlan });
  for (const [at, vlan] of [
    [1, 5],
    [2, 6],
  ] as const)
    table.packet(tcp(at, client, server, 'S', 1000, 0, inVlan(vlan)));
  table.packet(tcp(3, server, client, 'SA', 5000, 1001, inVlan(6)));
  table.packet(tcp(4, server, client, 'SA', 7000, 1001, inVlan(5)));
  for (const [vlan, ack, payload] of [
    [5, 7001, 'five'],
    [6, 5001, 'six'],
  ] as const)
    table.packet(tcp(10 * vlan, client, server, 'PA', 1001, ack, { vlan, payload }));
  assert.deepEqual([table.size, table.counters.closed.client_source_port_reuse], [2, 0]);
  table.close();
  assert.deepEqual(
    lines.filter((line) => line.startsWith('client')),
    ['client five', 'client six'],
  );
  assert.deepEqual(
    readFlowRecords(table.drain()).map((record) => [
      record['deepflow.vlan.id'],
      record['deepflow.flow.client.packets'],
      record['deepflow.flow.server.packets'],
    ]),
    [
      [5, 2, 1],
      [6, 2, 1],
    ],
  );
});

test('a flow of which one direction shows its VLAN and the other does not is one', () => {
  const table = testTable();
  table.packet(tcp(1, client, server, 'S', 1000));
  table.packet(tcp(2, server, client, 'SA', 5000, 1001, { vlan: 5 }));
  table.packet(tcp(3, client, server, 'A', 1001, 5001));
  table.packet(tcp(4, server, client, 'A', 5001, 1001, { vlan: 5 }));
  assert.equal(table.size, 1);
  // What has another tag than its direction has is another flow's.
  table.packet(tcp(5, server, client, 'A', 5001, 1001));
  assert.equal(table.size, 2);
  table.close();
  const [first] = readFlowRecords(table.drain());
  assert.deepEqual([first!['deepflow.vlan.id'], first!['deepflow.flow.server.packets']], [5, 2]);
});
