/** DNS: questions, records of many types, codes, transports, groups, transfers, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream } from '../testing/stream.ts';
import dns from './index.ts';

type Bytes = number[];
const u16 = (value: number): Bytes => [value >> 8, value & 255];
const text = (value: string): Bytes => [...Buffer.from(value, 'latin1')];
const name = (value: string): Bytes => [...value.split('.').flatMap((label) => [label.length, ...text(label)]), 0];
const question = (value: string, type: number): Bytes => [...name(value), ...u16(type), 0, 1];
/** A record of the name at offset 12, where the first question has its own. */
const record = (type: number, data: Bytes, ttl = 300): Bytes => [
  0xc0,
  12,
  ...u16(type),
  0,
  1,
  0,
  0,
  ...u16(ttl),
  ...u16(data.length),
  ...data,
];
const message = (id: number, flags: number, counts: Bytes, ...parts: Bytes[]): Buffer =>
  Buffer.from([...u16(id), ...u16(flags), ...counts.flatMap(u16), ...parts.flat()]);
const query = (id: number, value = 'a.example.com', type = 1): Buffer =>
  message(id, 0x0100, [1, 0, 0, 0], question(value, type));
const answer = (id: number, code: number, records: Bytes[], value = 'a.example.com', type = 1): Buffer =>
  message(id, 0x8180 | code, [1, records.length, 0, 0], question(value, type), ...records);
const framed = (...messages: Buffer[]): Buffer =>
  Buffer.concat(messages.flatMap((bytes) => [Buffer.from(u16(bytes.length)), bytes]));

test('a lookup and its answers', () => {
  const stream = createTestStream([dns], { transport: 'udp' });
  stream.client(query(7));
  stream.server(answer(7, 0, [record(5, [3, ...text('www'), 0xc0, 14]), record(1, [10, 0, 0, 1])]));
  assert.equal(
    stream.calls[0]!.span,
    'DNS A server | dns.question.name=a.example.com deepflow.dns.question.type=A deepflow.dns.response_code=NOERROR dns.answers=[www.example.com,10.0.0.1]',
  );
});

const ipv6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const decoded: [type: number, data: Bytes, name: string, expected: string | undefined][] = [
  [28, ipv6, 'AAAA', '2001:db8::1'],
  [28, new Array(16).fill(0), 'AAAA', '::'],
  [28, [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3], 'AAAA', '1:0:0:2::3'],
  [2, name('ns.example.com'), 'NS', 'ns.example.com'],
  [12, name('host'), 'PTR', 'host'],
  [15, [0, 10, ...name('mail')], 'MX', '10 mail'],
  [6, [...name('ns'), ...name('admin'), ...new Array(20).fill(0)], 'SOA', 'ns'],
  [16, [2, ...text('hi'), 1, ...text('x')], 'TXT', '"hi" "x"'],
  [33, [0, 1, 0, 2, 0, 80, ...name('srv')], 'SRV', '1 2 80 srv'],
  [257, [0, 5, ...text('issue'), ...text('ca.org')], 'CAA', '0 issue "ca.org"'],
  [
    65,
    [0, 1, 0, 0, 1, 0, 6, 2, ...text('h2'), 2, ...text('h3'), 0, 3, 0, 2, 1, 187, 0, 4, 0, 4, 10, 0, 0, 1],
    'HTTPS',
    '1 . alpn=h2,h3 port=443 ipv4hint=10.0.0.1',
  ],
  [43, [0, 9, 8, 2, 0xab, 0xcd], 'DS', '9 8 2 abcd'],
  [1, [1, 2, 3], 'A', undefined],
  [65280, [1, 2], 'TYPE65280', undefined],
  [12, [3, ...text('a.b'), 2, 0x5c, 7, 0], 'PTR', 'a\\.b.\\\\\\007'],
];

for (const [type, data, typeName, expected] of decoded) {
  test(`a record of type ${typeName} is ${expected ?? 'noted without data'}`, () => {
    const stream = createTestStream([dns], { transport: 'udp' });
    stream.client(query(7, 'x', type > 256 ? 1 : type));
    stream.server(answer(7, 0, [record(type, data)], 'x', type > 256 ? 1 : type));
    const expectedRecord =
      expected === undefined ? { type: typeName, ttl: 300 } : { type: typeName, data: expected, ttl: 300 };
    assert.deepEqual(stream.messages[1]!.facts!.get('records'), [expectedRecord]);
  });
}

test('codes tell who is at fault; EDNS makes them longer', () => {
  const stream = createTestStream([dns], { transport: 'udp' });
  for (const [id, code] of [
    [1, 3],
    [2, 2],
    [3, 5],
  ] as const) {
    stream.client(query(id));
    stream.server(answer(id, code, []));
  }
  stream.client(query(4));
  stream.server(message(4, 0x8180, [1, 0, 0, 1], question('a.example.com', 1), [0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0]));
  assert.deepEqual(
    stream.messages.filter(({ side }) => side === 1).map(({ statusCode, status }) => [statusCode, status]),
    [
      [3, 'client_error'],
      [2, 'server_error'],
      [5, 'server_error'],
      [16, 'server_error'],
    ],
  );
  assert.match(stream.calls[3]!.span, /^!DNS A .*error.type=BADVERS/);
});

test('an id used for two questions at once does not mix them up', () => {
  const stream = createTestStream([dns], { transport: 'udp' });
  stream.client(query(7, 'one'));
  stream.client(query(7, 'two'));
  stream.server(answer(7, 3, [], 'TWO'));
  stream.server(answer(7, 0, [], 'one'));
  assert.deepEqual(
    stream.calls.map(({ request, response }) => [request!.resource, response!.statusCode]),
    [
      ['two', 3],
      ['one', 0],
    ],
  );
});

test('an error without the question is matched by its id', () => {
  const stream = createTestStream([dns], { transport: 'udp' });
  stream.client(query(9));
  stream.server(message(9, 0x8181, [0, 0, 0, 0]));
  assert.equal(stream.calls[0]!.outcome, 'answered');
});

test('an answer that does not come is missed after 15 seconds', () => {
  const stream = createTestStream([dns], { transport: 'udp' });
  stream.client(query(9));
  stream.wait(14);
  assert.equal(stream.calls.length, 0);
  stream.wait(2);
  assert.equal(stream.calls[0]!.outcome, 'timeout');
});

for (const pieces of [1, 7, 1000]) {
  test(`over TCP, in any order, in pieces of ${pieces} bytes`, () => {
    const stream = createTestStream([dns], { pieces });
    stream.client(framed(query(1, 'one'), query(2, 'two')));
    stream.server(framed(answer(2, 0, [], 'two'), answer(1, 0, [], 'one')));
    assert.deepEqual(
      stream.calls.map(({ request, response }) => [request!.id === response!.id, request!.resource]),
      [
        [true, 'two'],
        [true, 'one'],
      ],
    );
    assert.equal(stream.analysis.counters.lost, 0);
  });
}

test('a zone transfer of several messages is one call', () => {
  const stream = createTestStream([dns]);
  const soa = record(6, [...name('ns'), ...name('admin'), ...new Array(20).fill(0)]);
  const host = record(1, [10, 0, 0, 1]);
  stream.client(framed(query(5, 'zone', 252)));
  stream.server(
    framed(
      answer(5, 0, [soa, host], 'zone', 252),
      answer(5, 0, [host], 'zone', 252),
      answer(5, 0, [host, soa], 'zone', 252),
    ),
  );
  assert.deepEqual(
    stream.calls.map(({ outcome, span }) => [outcome, span.slice(0, 8)]),
    [['answered', 'DNS AXFR']],
  );
});

test('what is sent to a group answers nothing and expects nothing', () => {
  const stream = createTestStream([dns], { transport: 'udp', serverPort: 5353 });
  stream.client(query(0, '_ipp._tcp.local', 12));
  stream.client(message(0, 0x8400, [0, 1, 0, 0], [...name('x.local'), 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, 10, 0, 0, 9]));
  assert.deepEqual(
    stream.calls.map(({ outcome }) => outcome),
    ['one_way', 'one_way'],
  );
  assert.match(stream.calls[1]!.span, /dns.answers=\[10.0.0.9\]/);
});

test('pointers that lead nowhere are no DNS', () => {
  for (const pointer of [
    [0xc0, 12],
    [0xc0, 0xff],
    [0xff, 0xff],
    [0x80, 1],
  ]) {
    const stream = createTestStream([dns], { transport: 'udp' });
    stream.client(message(7, 0x0100, [1, 0, 0, 0], pointer, [0, 1, 0, 1]));
    assert.equal(stream.messages.length, 0);
  }
});

test('bad bytes neither throw nor hang', () => {
  const records = decoded.map(([type, data]) => record(type, data));
  playHostile(dns, [[query(7), answer(7, 0, records)]], 3000, 'udp');
  playHostile(dns, [[framed(query(7), query(8)), framed(answer(7, 0, records), answer(8, 3, []))]], 3000);
});
