/** Thrift: every protocol and wrapping, results and exceptions, pairing, structs without a known end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { hex, join, u8, u16, u32, varint } from '../testing/bytes.ts';
import { callLines, type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { testGoldens } from '../testing/golden.ts';
import { createTestStream } from '../testing/stream.ts';
import thrift from './index.ts';

const [callType, reply, exception, oneWay] = [1, 2, 3, 4] as const;
type Write = (type: number, name: string, sequence: number, body: Buffer) => Buffer;

const strict: Write = (type, name, sequence, body) =>
  join(u8(0x80, 1, 0, type), u32(name.length), name, u32(sequence), body);
const old: Write = (type, name, sequence, body) => join(u32(name.length), name, u8(type), u32(sequence), body);
const compact: Write = (type, name, sequence, body) =>
  join(u8(0x82, (type << 5) | 1), varint(sequence), varint(name.length), name, body);
const framed =
  (write: Write): Write =>
  (...message) => {
    const inner = write(...message);
    return join(u32(inner.length), inner);
  };
/** A THeader frame; `transforms` as they are written, `entries` of the header. */
function header(
  protocol: number,
  sequence: number,
  payload: Buffer,
  entries: Record<string, string> = {},
  transforms = u8(0),
): Buffer {
  const pairs = Object.entries(entries).flat();
  const info =
    pairs.length === 0
      ? []
      : [u8(1), varint(pairs.length / 2), ...pairs.map((text) => join(varint(text.length), text))];
  const head = join(varint(protocol), transforms, ...info);
  const padded = Buffer.concat([head, Buffer.alloc((4 - (head.length % 4)) % 4)]);
  const rest = join(u16(0x0fff), u16(0), u32(sequence), u16(padded.length / 4), padded, payload);
  return join(u32(rest.length), rest);
}

/** Arguments with a value of every type. binary: bool, i8, double, i16, i32, i64, text, struct, map, set, list. */
const binaryBody = join(
  hex('02 0001 01  03 0002 05  04 0003 0000000000000000  06 0004 0001  08 0005 00000001  0a 0006 0000000000000001'),
  hex('0b 0007 00000002 6162  0c 0008 02 0001 00 00  0d 0009 0b 08 00000002 00000001 61 00000001 00000001 62 00000002'),
  hex('0e 000a 08 00000002 00000001 00000002  0f 000b 0c 00000002 02 0001 01 00 00  0d 000c 00 00 00000000  10 000d'),
  Buffer.alloc(16),
  hex('00'),
);
/** The same in compact: both booleans, i8, i16, i32, i64, double, text, list, set, map, struct, a long id, an empty map. */
const compactBody = hex(
  '11 12 13 05 14 0a 15 ffffffff0f 16 80808001 17 0000000000000000 18 02 6162 19 25 02 04 1a 18 01 61 ' +
    '1b 01 85 01 61 02 1c 11 00 05 80 01 7f 1b 00 1d 00000000000000000000000000000000 19 f8 0f 00000000000000 0000000000000000 00',
);
const binaryVoid = hex('00');
const binaryValue = hex('08 0000 0000002a 00');
const compactValue = hex('05 00 54 00');
const binaryThrown = hex('0c 0001 0b 0001 00000001 78 00 00');
const compactThrown = hex('1c 18 01 78 00 00');
const binaryException = hex('0b 0001 00000003 626164 08 0002 00000001 00');
const compactException = hex('18 03 626164 15 0c 00');

const line = (protocol: string, transport: string, sequence: number, name = 'add'): string =>
  `${name} server | rpc.system.name=thrift rpc.method=${name} deepflow.thrift.protocol=${protocol} deepflow.thrift.transport=${transport} deepflow.thrift.sequence_id=${sequence}`;

function eachKind(name: string, write: Write, protocol: string, transport: string): Exchange {
  const isCompact = protocol === 'compact';
  const text = (sequence: number): string => line(protocol, transport, sequence);
  const body = isCompact ? compactBody : binaryBody;
  return [
    name,
    [
      write(callType, 'add', 1, body),
      write(callType, 'add', 2, body),
      write(oneWay, 'add', 3, body),
      write(callType, 'add', 4, body),
    ],
    [
      write(reply, 'add', 2, isCompact ? compactValue : binaryValue),
      write(reply, 'add', 1, isCompact ? compactThrown : binaryThrown),
      write(exception, 'add', 4, isCompact ? compactException : binaryException),
    ],
    [
      `one_way ${text(3)}`,
      `${text(2)} rpc.response.status_code=OK`,
      `!${text(1)} deepflow.thrift.exception_field=1 error.type=declared_exception`,
      isCompact
        ? `!${text(4)} rpc.response.status_code=INTERNAL_ERROR error.type=INTERNAL_ERROR`
        : `${text(4)} rpc.response.status_code=UNKNOWN_METHOD`,
    ],
  ];
}

const exchanges: Exchange[] = [
  eachKind('strict binary without frames', strict, 'binary', 'unframed'),
  eachKind('strict binary in frames', framed(strict), 'binary', 'framed'),
  eachKind('old binary without frames', old, 'binary', 'unframed'),
  eachKind('old binary in frames', framed(old), 'binary', 'framed'),
  eachKind('compact without frames', compact, 'compact', 'unframed'),
  eachKind('compact in frames', framed(compact), 'compact', 'framed'),
  eachKind('THeader with binary', (...m) => header(0, m[2], strict(...m)), 'binary', 'header'),
  eachKind(
    'THeader with compact, and headers',
    (...m) => header(2, m[2], compact(...m), { a: 'b' }),
    'compact',
    'header',
  ),
  eachKind(
    'THeader with zlib',
    (...m) => header(2, m[2], deflateSync(compact(...m)), {}, u8(1, 1)),
    'compact',
    'header',
  ),
  [
    'replies come in order when all sequences are 0',
    [framed(strict)(callType, 'a', 0, binaryVoid), framed(strict)(callType, 'b', 0, binaryVoid)],
    [framed(strict)(reply, 'a', 0, binaryVoid), framed(strict)(reply, 'b', 0, binaryValue)],
    [
      `${line('binary', 'framed', 0, 'a')} rpc.response.status_code=OK`,
      `${line('binary', 'framed', 0, 'b')} rpc.response.status_code=OK`,
    ],
  ],
  [
    'replies come in order when all sequences are the same',
    [strict(callType, 'a', 5, binaryVoid), strict(callType, 'b', 5, binaryVoid), strict(callType, 'c', 5, binaryVoid)],
    [strict(reply, 'a', 5, binaryVoid), strict(reply, 'b', 5, binaryVoid), strict(reply, 'c', 5, binaryVoid)],
    ['a', 'b', 'c'].map((name) => `${line('binary', 'unframed', 5, name)} rpc.response.status_code=OK`),
  ],
];

testConversations(thrift, exchanges.map(exchange), 3000);

test('a multiplexed method has a service', () => {
  const stream = createTestStream([thrift]);
  stream.client(framed(strict)(callType, 'Users:find', 1, binaryVoid));
  assert.deepEqual([stream.messages[0]?.resource, stream.messages[0]?.endpoint], ['Users', 'Users/find']);
});

test('a trace context in the headers of THeader', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const stream = createTestStream([thrift], { pieces: 3 });
  stream.client(header(0, 1, strict(callType, 'a', 1, binaryVoid), { other: 'x', traceparent }));
  assert.equal(stream.messages[0]?.trace?.traceId, '0af7651916cd43dd8448eb211c80319c');
});

test('the text of an exception is told', () => {
  const stream = createTestStream([thrift]);
  stream.client(strict(callType, 'a', 1, binaryVoid));
  stream.server(strict(exception, 'a', 1, binaryException));
  assert.equal(stream.calls[0]?.response?.error, 'bad');
});

test('a message without a frame may be longer than any window', () => {
  const list = join(
    hex('0f 0001 0b'),
    u32(200_000),
    Buffer.concat(Array.from({ length: 200_000 }, () => hex('00000002 6162'))),
    hex('00'),
  );
  const text = join(hex('0b 0001'), u32(5_000_000), Buffer.alloc(5_000_000), hex('00'));
  const stream = createTestStream([thrift], { pieces: 1460 });
  stream.client(strict(callType, 'list', 1, list));
  stream.client(strict(callType, 'text', 2, text));
  stream.client(strict(callType, 'next', 3, binaryVoid));
  assert.deepEqual(
    stream.messages.map(({ method, sizeBytes }) => [method, sizeBytes]),
    [
      ['list', 16 + list.length],
      ['text', 16 + text.length],
      ['next', 17],
    ],
  );
  assert.equal(stream.analysis.counters.lost, 0);
});

test('structs nested without end are given up', () => {
  const stream = createTestStream([thrift]);
  stream.client(strict(callType, 'a', 1, Buffer.concat(Array.from({ length: 100 }, () => hex('0c 0001')))));
  assert.equal(stream.messages.length, 0);
  assert.equal(stream.analysis.counters.lost, 1);
});

test('a connection joined in a reply is found again at the next', () => {
  const stream = createTestStream([thrift]);
  stream.server(framed(strict)(reply, 'a', 1, binaryValue).subarray(9));
  stream.client(framed(strict)(callType, 'b', 2, binaryVoid));
  stream.server(framed(strict)(reply, 'b', 2, binaryValue));
  assert.deepEqual(callLines(stream), [`${line('binary', 'framed', 2, 'b')} rpc.response.status_code=OK`]);
});

test('other protocols are not taken for Thrift', () => {
  for (const bytes of [
    'GET / HTTP/1.1\r\n\r\n',
    '\0\0\0\x08\x04\xd2\x16\x2f',
    '*1\r\n$4\r\nPING\r\n',
    '\0\0\0\x04\0\0\0\0\0\0\0\0',
    '\x16\x03\x01\x02\0',
  ]) {
    const stream = createTestStream([thrift]);
    stream.client(bytes);
    stream.finish(0);
    assert.equal(stream.messages.length, 0);
    assert.equal(stream.analysis.counters.lost, 0);
  }
});

testGoldens(thrift, `${import.meta.dirname}/captures`);
