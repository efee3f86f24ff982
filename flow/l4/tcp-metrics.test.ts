import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '../packet/packet.ts';
import { client, server, tcp, testTable } from './testing/packets.ts';
import { type FlowRecord, readFlowRecords, sumFlowRecords } from './testing/records.ts';

/** The record of one connection, after all timeouts. */
function measure(packets: Iterable<Packet>): FlowRecord {
  const table = testTable();
  for (const packet of packets) table.packet(packet);
  table.tick(1000e9);
  return sumFlowRecords(readFlowRecords(table.drain()));
}

function number(record: FlowRecord, key: string): number {
  return Number(record[`deepflow.flow.${key}`] ?? 0);
}

/** Count and sum in milliseconds. */
function delay(record: FlowRecord, name: string): [count: number, sumMs: number] {
  return [number(record, `${name}.count`), number(record, `${name}.sum`) / 1e6];
}

const c2s = (ms: number, flags: string, seq: number, ack = 0, payload: number | undefined = undefined, window = 1000) =>
  tcp(ms, client, server, flags, seq, ack, payload === undefined ? { window } : { payload, window });
const s2c = (ms: number, flags: string, seq: number, ack = 0, payload: number | undefined = undefined, window = 1000) =>
  tcp(ms, server, client, flags, seq, ack, payload === undefined ? { window } : { payload, window });

function* handshake(): Generator<Packet> {
  yield c2s(0, 'S', 1000);
  yield s2c(10, 'SA', 5000, 1001);
  yield c2s(13, 'A', 1001, 5001);
}

test('the handshake gives the three round trips', () => {
  const record = measure(handshake());
  assert.deepEqual(delay(record, 'rtt'), [1, 13]);
  assert.deepEqual(delay(record, 'rtt_server'), [1, 10]);
  assert.deepEqual(delay(record, 'rtt_client'), [1, 3]);
  assert.equal(record['deepflow.flow.direction.evidence'], 'syn');
  assert.equal(number(record, 'syn.sequence'), 1000);
});

test('repeats of SYN and SYN/ACK are retransmissions; each SYN/ACK and handshake ACK is timed from the first before it', () => {
  const record = measure(
    (function* () {
      yield c2s(0, 'S', 1000);
      yield c2s(1, 'S', 1000);
      yield s2c(10, 'SA', 5000, 1001);
      yield s2c(12, 'SA', 5000, 1001);
      yield c2s(15, 'A', 1001, 5001);
      yield c2s(16, 'A', 1001, 5001);
    })(),
  );
  assert.deepEqual(delay(record, 'rtt_server'), [2, 22]);
  assert.deepEqual(delay(record, 'rtt_client'), [2, 11]);
  assert.equal(number(record, 'syn.retransmissions'), 1);
  assert.equal(number(record, 'syn_ack.retransmissions'), 1);
  assert.equal(number(record, 'client.retransmissions'), 1);
  assert.equal(number(record, 'server.retransmissions'), 1);
});

test('an ACK that only opens the window is none of the handshake', () => {
  const record = measure(
    (function* () {
      yield* handshake();
      yield c2s(300, 'A', 1001, 5001, undefined, 2000);
    })(),
  );
  assert.deepEqual(delay(record, 'rtt_client'), [1, 3]);
});

test('a SYN captured after its SYN/ACK times nothing', () => {
  const record = measure(
    (function* () {
      yield s2c(0, 'SA', 5000, 1001);
      yield c2s(1, 'S', 1000);
      yield c2s(2, 'A', 1001, 5001);
    })(),
  );
  for (const name of ['rtt', 'rtt_server', 'rtt_client']) assert.deepEqual(delay(record, name), [0, 0]);
  assert.equal(record['client.port'], client.port);
});

test('the server’s bare ACK gives srt, its data art, the client’s wait cit', () => {
  const record = measure(
    (function* () {
      yield* handshake();
      yield c2s(20, 'PA', 1001, 5001, 100);
      yield s2c(22, 'A', 5001, 1101);
      yield s2c(27, 'PA', 5001, 1101, 50);
      yield c2s(28, 'A', 1101, 5051);
      yield c2s(40, 'PA', 1101, 5051, 100);
    })(),
  );
  assert.deepEqual(delay(record, 'srt'), [1, 2]);
  assert.deepEqual(delay(record, 'art'), [1, 7]);
  assert.deepEqual(delay(record, 'cit'), [2, 7 + 13]);
});

test('a bare ACK of the client, or data without PSH, ends the chance of art', () => {
  for (const between of [c2s.bind(null, 22, 'A', 1101, 5001), c2s.bind(null, 22, 'A', 1101, 5001, 10)]) {
    const record = measure(
      (function* () {
        yield* handshake();
        yield c2s(20, 'PA', 1001, 5001, 100);
        yield between();
        yield s2c(27, 'PA', 5001, 1101, 50);
      })(),
    );
    assert.deepEqual(delay(record, 'art'), [0, 0]);
  }
});

test('tells repeats from what comes late, right across the wrap', () => {
  for (const base of [1000, 0xffff_fffe]) {
    const at = (offset: number) => (base + offset) >>> 0;
    const record = measure(
      (function* () {
        yield c2s(0, 'S', at(-1));
        yield c2s(1, 'A', at(0), 1, 10);
        yield c2s(2, 'A', at(0), 1, 10); // repeat
        yield c2s(3, 'A', at(30), 1, 10); // a hole of 20
        yield c2s(4, 'A', at(20), 1, 10); // late
        yield c2s(5, 'A', at(20), 1, 10); // repeat
        yield c2s(6, 'A', at(10), 1, 10); // late, fills the hole
        yield c2s(7, 'A', at(5), 1, 10); // repeat, begins in what was seen
        yield c2s(8, 'A', at(39), 1, 1); // keep-alive
        yield c2s(9, 'A', at(35), 1, 10); // repeat, with something new
        yield c2s(10, 'A', at(45), 1, 10);
      })(),
    );
    assert.equal(number(record, 'client.retransmissions'), 4, `base ${base}`);
    assert.equal(number(record, 'client.out_of_order'), 2, `base ${base}`);
  }
});

test('a full window is counted, that of a SYN or RST is not', () => {
  const record = measure(
    (function* () {
      yield c2s(0, 'S', 1000, 0, undefined, 0);
      yield s2c(10, 'SA', 5000, 1001);
      yield c2s(13, 'A', 1001, 5001);
      yield c2s(20, 'PA', 1001, 5001, 100);
      yield s2c(22, 'A', 5001, 1101, undefined, 0);
      yield s2c(23, 'A', 5001, 1101, undefined, 0);
      yield c2s(24, 'R', 1101, 0, undefined, 0);
    })(),
  );
  assert.equal(number(record, 'server.zero_window'), 2);
  assert.equal(number(record, 'client.zero_window'), 0);
});

const ends: [name: string, expected: string, status: string, packets: () => Generator<Packet>][] = [
  [
    'both FIN',
    'finished',
    'ok',
    function* () {
      yield* handshake();
      yield c2s(20, 'FA', 1001, 5001);
      yield s2c(21, 'FA', 5001, 1002);
      yield c2s(22, 'A', 1002, 5002);
    },
  ],
  [
    'only the client’s FIN',
    'server_half_close',
    'server_error',
    function* () {
      yield* handshake();
      yield c2s(20, 'FA', 1001, 5001);
    },
  ],
  [
    'only the server’s FIN',
    'client_half_close',
    'client_error',
    function* () {
      yield* handshake();
      yield s2c(20, 'FA', 5001, 1001);
    },
  ],
  ['no packets any more', 'timeout', 'server_error', handshake],
  [
    'a lone SYN',
    'client_syn_repeat',
    'server_error',
    function* () {
      yield c2s(0, 'S', 1000);
    },
  ],
  [
    'no ACK for the SYN/ACK',
    'server_syn_ack_repeat',
    'client_error',
    function* () {
      yield c2s(0, 'S', 1000);
      yield s2c(1, 'SA', 5000, 1001);
    },
  ],
  [
    'SYN refused',
    'server_reset',
    'server_error',
    function* () {
      yield c2s(0, 'S', 1000);
      yield s2c(1, 'RA', 0, 1001);
    },
  ],
  [
    'client gives up while opening',
    'client_establish_reset',
    'client_error',
    function* () {
      yield c2s(0, 'S', 1000);
      yield s2c(1, 'SA', 5000, 1001);
      yield c2s(2, 'R', 1001);
    },
  ],
  [
    'server gives up while opening',
    'server_establish_reset',
    'server_error',
    function* () {
      yield c2s(0, 'S', 1000);
      yield s2c(1, 'SA', 5000, 1001);
      yield s2c(2, 'R', 5001);
    },
  ],
  [
    'server reset',
    'server_reset_transfer',
    'server_error',
    function* () {
      yield* handshake();
      yield s2c(20, 'R', 5001);
    },
  ],
  [
    'client reset',
    'client_reset_transfer',
    'client_error',
    function* () {
      yield* handshake();
      yield c2s(20, 'R', 1001);
    },
  ],
  [
    'client reset after FIN',
    'client_reset_finished',
    'ok',
    function* () {
      yield* handshake();
      yield s2c(20, 'FA', 5001, 1001);
      yield c2s(21, 'R', 1001);
    },
  ],
  [
    'old connection answers the SYN',
    'client_source_port_reuse',
    'client_error',
    function* () {
      yield c2s(0, 'S', 1000);
      yield s2c(1, 'PA', 700, 300, 31);
      yield c2s(2, 'R', 300);
    },
  ],
  [
    'SYN/ACK again after data, then reset',
    'server_queue_overflow',
    'server_error',
    function* () {
      yield* handshake();
      yield c2s(20, 'PA', 1001, 5001, 10);
      yield s2c(1000, 'SA', 5000, 1001);
      yield s2c(3000, 'SA', 5000, 1001);
      yield s2c(7000, 'R', 5001);
    },
  ],
];

for (const [name, expected, status, packets] of ends) {
  test(`says how a connection ended: ${name}`, () => {
    const record = measure(packets());
    assert.equal(record['deepflow.flow.close_type'], expected);
    assert.equal(record['deepflow.flow.status'], status);
  });
}
