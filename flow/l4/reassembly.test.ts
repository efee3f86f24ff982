import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowTable } from './flow-table.ts';
import { client, icmp, ipv4, noting, server, tcp, testTable, udp } from './testing/packets.ts';

/** A table with an open connection: client's next byte is 1001, server's 5001. */
function connected(lines: string[], options: Parameters<typeof testTable>[0] = {}): FlowTable {
  const table = testTable({ connect: () => noting(lines), ...options });
  table.packet(tcp(0, client, server, 'S', 1000));
  table.packet(tcp(1, server, client, 'SA', 5000, 1001));
  table.packet(tcp(2, client, server, 'A', 1001, 5001));
  return table;
}

/** Sends client payload at these sequence numbers, one millisecond apart. */
function send(table: FlowTable, segments: readonly (readonly [seq: number, payload: string])[], fromMs = 10): void {
  for (const [index, [seq, payload]] of segments.entries()) {
    table.packet(tcp(fromMs + index, client, server, 'PA', seq, 5001, { payload }));
  }
}

const orders: [name: string, segments: [number, string][], expected: string[]][] = [
  [
    'in order',
    [
      [1001, 'ab'],
      [1003, 'cd'],
    ],
    ['client ab', 'client cd'],
  ],
  [
    'swapped',
    [
      [1003, 'cd'],
      [1001, 'ab'],
    ],
    ['client ab', 'client cd'],
  ],
  [
    'backwards',
    [
      [1005, 'ef'],
      [1003, 'cd'],
      [1001, 'ab'],
    ],
    ['client ab', 'client cd', 'client ef'],
  ],
  [
    'repeated',
    [
      [1001, 'ab'],
      [1001, 'ab'],
      [1003, 'cd'],
    ],
    ['client ab', 'client cd'],
  ],
  [
    'repeated with more',
    [
      [1001, 'ab'],
      [1001, 'abcd'],
    ],
    ['client ab', 'client cd'],
  ],
  [
    'repeated while it waits',
    [
      [1003, 'cd'],
      [1003, 'cd'],
      [1001, 'ab'],
    ],
    ['client ab', 'client cd'],
  ],
  [
    'overlapping: the first copy wins',
    [
      [1003, 'cd'],
      [1001, 'abXX'],
      [1005, 'ef'],
    ],
    ['client abXX', 'client ef'],
  ],
  [
    'waiting overlap: the first copy wins',
    [
      [1004, 'de'],
      [1003, 'cXXf'],
      [1001, 'ab'],
    ],
    ['client ab', 'client c', 'client de', 'client f'],
  ],
  [
    'keep-alive of an old byte',
    [
      [1001, 'ab'],
      [1002, 'x'],
      [1003, 'cd'],
    ],
    ['client ab', 'client cd'],
  ],
  [
    'before the first byte',
    [
      [990, 'old'],
      [1001, 'ab'],
    ],
    ['client ab'],
  ],
];

for (const [name, segments, expected] of orders) {
  test(`delivers each byte once, in order: ${name}`, () => {
    const lines: string[] = [];
    send(connected(lines), segments);
    assert.deepEqual(lines, expected);
  });
}

test('sequence numbers wrap in the middle of a stream', () => {
  const lines: string[] = [];
  const table = testTable({ connect: () => noting(lines) });
  table.packet(tcp(0, client, server, 'S', 0xffff_fffd));
  table.packet(tcp(1, client, server, 'A', 0xffff_fffe, 1, { payload: 'ab' }));
  table.packet(tcp(2, client, server, 'A', 2, 1, { payload: 'ef' }));
  table.packet(tcp(3, client, server, 'A', 0, 1, { payload: 'cd' }));
  assert.deepEqual(lines, ['client ab', 'client cd', 'client ef']);
});

test('what the peer acknowledged but nobody captured is a gap', () => {
  const lines: string[] = [];
  const table = connected(lines);
  send(table, [
    [1001, 'ab'],
    [1005, 'ef'],
  ]);
  assert.deepEqual(lines, ['client ab']);
  table.packet(tcp(20, server, client, 'A', 5001, 1007));
  assert.deepEqual(lines, ['client ab', 'client gap 2', 'client ef']);
});

test('a hole whose acknowledgement came first does not wait', () => {
  const lines: string[] = [];
  const table = connected(lines);
  table.packet(tcp(5, server, client, 'A', 5001, 1003));
  send(table, [[1003, 'cd']]);
  assert.deepEqual(lines, ['client gap 2', 'client cd']);
});

const joins: [name: string, acknowledged: number, answerAt: number, gaps: string[]][] = [
  ['an answer that was acknowledged and not captured is a gap before the next', 5011, 5011, ['server gap 10']],
  ['so is a part of it', 5007, 5011, ['server gap 6', 'server gap 4']],
  ['what nobody acknowledged may never have been', 5001, 5011, []],
  ['numbers that have nothing to do with what was acknowledged begin anew', 5011, 1 << 28, []],
];

for (const [name, acknowledged, answerAt, gaps] of joins) {
  test(`joined in the middle: ${name}`, () => {
    const lines: string[] = [];
    const table = testTable({ connect: () => noting(lines) });
    table.packet(tcp(0, client, server, 'PA', 1001, 5001, { payload: 'ask' }));
    table.packet(tcp(1, client, server, 'PA', 1004, acknowledged, { payload: 'again' }));
    table.packet(tcp(2, server, client, 'PA', answerAt, 1009, { payload: 'answer' }));
    table.packet(tcp(3, client, server, 'A', 1009, answerAt + 6));
    assert.deepEqual(lines, ['client ask', 'client again', ...gaps, 'server answer']);
  });
}

test('a hole is given up when too much waits behind it', () => {
  const lines: string[] = [];
  const table = connected(lines, { reassembly: { maxBytes: 1 << 20, maxSegments: 2, maxWaitNs: 1e12 } });
  send(table, [
    [1011, 'b'],
    [1013, 'd'],
    [1015, 'f'],
  ]);
  assert.deepEqual(lines, ['client gap 10', 'client b']);
});

test('a hole is given up after a while', () => {
  const lines: string[] = [];
  const table = connected(lines, { reassembly: { maxBytes: 1 << 20, maxSegments: 9, maxWaitNs: 2e9 } });
  send(table, [[1003, 'cd']]);
  table.tick(1.5e9);
  assert.deepEqual(lines, []);
  table.tick(3.5e9);
  assert.deepEqual(lines, ['client gap 2', 'client cd']);
  assert.equal(table.payloads.gapBytes, 2);
});

test('segments that never come into order stay within the budget of all flows', () => {
  const budget = 100_000;
  const table = testTable({ connect: () => noting([]), reassemblyBudgetBytes: budget });
  for (let index = 0; index < 5000; index++) {
    const end = ipv4('10.1.0.1', 1024 + (index % 50));
    table.packet(tcp(0.001 * index, end, server, 'A', 1_000_000 - 2 * index, 1, { payload: 'x' }));
    table.packet(tcp(0.001 * index, end, server, 'A', 2_000_000 + 3000 * index, 1, { payload: 1000 }));
    assert.ok(table.payloads.budget.bytes <= budget + 2000, `${table.payloads.budget.bytes} bytes wait`);
  }
  table.close();
  assert.equal(table.payloads.budget.bytes, 0);
});

test('a packet that was cut gives what was captured, then a gap', () => {
  const lines: string[] = [];
  const table = connected(lines);
  table.packet(tcp(10, client, server, 'PA', 1001, 5001, { payload: 'abcdef', captured: 2 }));
  table.packet(tcp(11, client, server, 'PA', 1007, 5001, { payload: 'gh' }));
  assert.deepEqual(lines, ['client ab', 'client gap 4', 'client gh']);
});

test('FIN ends a side when all before it was delivered', () => {
  const lines: string[] = [];
  const table = connected(lines);
  table.packet(tcp(10, client, server, 'FPA', 1003, 5001, { payload: 'cd' }));
  assert.deepEqual(lines, []);
  send(table, [[1001, 'ab']], 11);
  assert.deepEqual(lines, ['client ab', 'client cd', 'client finish']);
  table.packet(tcp(12, server, client, 'FA', 5001, 1006));
  assert.deepEqual(lines.slice(3), ['server finish', 'close finished']);
});

test('a reset ends both sides at once; what the peer acknowledged before is a gap', () => {
  const lines: string[] = [];
  const table = connected(lines);
  send(table, [
    [1001, 'ab'],
    [1005, 'ef'],
  ]);
  table.packet(tcp(20, server, client, 'RA', 5001, 1007));
  assert.deepEqual(lines, ['client ab', 'client gap 2', 'client ef', 'close reset']);
});

test('data on the SYN counts from the byte after it', () => {
  const lines: string[] = [];
  const table = testTable({ connect: () => noting(lines) });
  table.packet(tcp(0, client, server, 'S', 1000, 0, { payload: 'ab' }));
  table.packet(tcp(1, server, client, 'SA', 5000, 1003));
  table.packet(tcp(2, client, server, 'PA', 1003, 5001, { payload: 'cd' }));
  assert.deepEqual(lines, ['client ab', 'client cd']);
});

test('who wants no more is not called again, and nothing waits for it', () => {
  const lines: string[] = [];
  const table = connected(lines, { connect: () => noting(lines, (line) => !line.includes('stop')) });
  send(table, [
    [1010, 'later'],
    [1001, 'stop'],
    [1005, 'more'],
  ]);
  table.close();
  assert.deepEqual(lines, ['client stop']);
  assert.equal(table.payloads.budget.bytes, 0);
});

test('a flow that nobody wants is asked about once', () => {
  let asked = 0;
  const table = connected([], {
    connect: () => {
      asked++;
      return null;
    },
  });
  send(table, [
    [1001, 'ab'],
    [1003, 'cd'],
  ]);
  assert.equal(asked, 1);
});

test('turned round, the sides swap from the next delivery on', () => {
  const lines: string[] = [];
  const table = testTable({
    connect: (flow) => {
      const notes = noting(lines);
      return {
        ...notes,
        data: (side, ...rest) => {
          if (lines.length === 0) flow.reverse();
          return notes.data(side, ...rest);
        },
      };
    },
  });
  table.packet(tcp(0, client, server, 'PA', 1001, 5001, { payload: 'answer' }));
  table.packet(tcp(1, client, server, 'PA', 1007, 5001, { payload: 'more' }));
  table.packet(tcp(2, server, client, 'PA', 5001, 1011, { payload: 'ask' }));
  assert.deepEqual(lines, ['client answer', 'server more', 'client ask']);
});

test('datagrams come one by one; of ICMP echo the header too', () => {
  const lines: string[] = [];
  const table = testTable({ connect: () => noting(lines) });
  table.packet(udp(0, client, server, 'ask'));
  table.packet(udp(1, server, client, 'answer', { captured: 3 }));
  table.packet(icmp(2, client, server, 8, 'ping'));
  table.packet(icmp(3, server, client, 0, 'pong'));
  table.packet(icmp(4, client, server, 3, 'unreachable'));
  assert.deepEqual(lines, ['client ask', 'server ans', 'server gap 3', 'client hhhhhhhhping', 'server hhhhhhhhpong']);
});
