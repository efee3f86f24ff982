/** OpenWire: both encodings, cached values, requests and answers, exceptions, properties, large messages, what is not OpenWire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framed, join, text16, text32, u16, u32, u64 } from '../testing/bytes.ts';
import { type Conversation, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import openwire from './index.ts';

type Part = number | string | Uint8Array;

const entry = (name: string, value: boolean): Buffer => join(text16(name), 1, value ? 1 : 0);
const wireFormat = (tight: boolean, version = 12): Buffer => {
  const map = join(
    u32(3),
    entry('CacheEnabled', true),
    entry('TightEncodingEnabled', tight),
    entry('SizePrefixDisabled', false),
  );
  return framed(1, 'ActiveMQ', u32(version), 1, text32(map.toString('latin1')));
};

/** The loose encoding. */
const loose = {
  text: (value: string | null): Buffer => (value === null ? Buffer.of(0) : join(1, text16(value))),
  object: (code: number, ...fields: Part[]): Buffer => join(1, code, ...fields),
  first: (index: number, object: Buffer): Buffer => join(1, u16(index), object),
  again: (index: number): Buffer => join(0, u16(index)),
  command: (code: number, id: number, wantsAnswer: boolean, ...fields: Part[]): Buffer =>
    framed(code, u32(id), wantsAnswer ? 1 : 0, ...fields),
};

const property = (name: string, value: string): Buffer => join(text16(name), 9, text16(value));
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const none = 0;

const producerId = (connection: string): Buffer => loose.object(123, loose.text(connection), u64(1), u64(1));
const queue = (name: string): Buffer => loose.object(100, loose.text(name));
const looseMessage = (id: number, wantsAnswer: boolean, cached: Buffer, content: Uint8Array): Buffer =>
  loose.command(
    28,
    id,
    wantsAnswer,
    ...[cached, loose.again(90), loose.again(90)],
    ...[
      loose.object(110, none, loose.again(1), u64(1), u64(0)),
      loose.again(90),
      none,
      u32(0),
      loose.text('corr'),
      1,
      u64(0),
      4,
      none,
    ],
    ...[u64(0), none, 1, u32(content.length), content, 1, u32(4 + property('traceparent', traceparent).length), u32(1)],
    ...[
      property('traceparent', traceparent),
      none,
      loose.again(90),
      0,
      u32(0),
      none,
      u64(0),
      none,
      0,
      0,
      none,
      u64(0),
      u64(0),
      0,
    ],
  );

/** The tight encoding: bits in their order, then the rest. */
const tight = (code: number, bits: string, ...fields: Part[]): Buffer => {
  const packed = Buffer.alloc(Math.ceil(bits.length / 8));
  [...bits].forEach((bit, index) => {
    if (bit === '1') packed[index >> 3]! |= 1 << (index & 7);
  });
  return framed(code, packed.length, packed, ...fields);
};

const handshake = (isTight: boolean): [['>', Buffer], ['<', Buffer]] => [
  ['>', wireFormat(isTight)],
  ['<', wireFormat(true)],
];
const greeting = [
  'one_way WireFormatInfo server | messaging.operation.name=WireFormatInfo deepflow.openwire.command=WireFormatInfo',
  'one_way WireFormatInfo server | messaging.operation.name=WireFormatInfo deepflow.openwire.command=WireFormatInfo',
];

const conversations: Conversation[] = [
  {
    name: 'loose: a message is sent, its destination cached for the next one',
    steps: [
      ...handshake(false),
      [
        '>',
        looseMessage(
          5,
          true,
          join(loose.first(1, producerId('ID:c:1')), loose.first(2, queue('orders'))),
          Buffer.from('hello'),
        ),
      ],
      ['>', looseMessage(6, false, join(loose.again(1), loose.again(2)), Buffer.from('again'))],
      ['<', loose.command(30, 1, false, u32(5))],
    ],
    calls: [
      ...greeting,
      'one_way send orders producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=orders deepflow.openwire.command=ActiveMQTextMessage deepflow.openwire.command_id=6 deepflow.openwire.connection_id=ID:c:1 messaging.message.conversation_id=corr messaging.message.body.size=5',
      'send orders producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=orders deepflow.openwire.command=ActiveMQTextMessage deepflow.openwire.command_id=5 deepflow.openwire.connection_id=ID:c:1 messaging.message.conversation_id=corr messaging.message.body.size=5',
    ],
  },
  {
    name: 'tight: a producer is refused',
    steps: [
      ...handshake(true),
      // Wants an answer; producer id new, there, its connection ASCII, its numbers short and none; topic new, there, ASCII.
      [
        '>',
        tight(
          6,
          '1' + '11' + '11' + '0100' + '11' + '11' + '0' + '0',
          u32(7),
          u16(1),
          123,
          text16('ID:c:1'),
          u16(1),
          u16(2),
          101,
          text16('news'),
          u32(0),
        ),
      ],
      // Exception, class and text ASCII.
      [
        '<',
        tight(31, '0' + '1' + '11' + '11', u32(1), u32(7), text16('java.lang.SecurityException'), text16('not yours')),
      ],
    ],
    calls: [
      ...greeting,
      '!ProducerInfo news server | messaging.operation.name=ProducerInfo messaging.destination.name=news deepflow.openwire.command=ProducerInfo deepflow.openwire.command_id=7 deepflow.openwire.connection_id=ID:c:1 error.type=SecurityException',
    ],
  },
  {
    name: 'both ends count for themselves; a keep-alive waits for nothing',
    steps: [
      ...handshake(false),
      ['>', loose.command(14, 3, true, loose.text('x'))],
      ['<', loose.command(14, 3, true, loose.text('y'))],
      ['>', loose.command(30, 4, false, u32(3))],
      ['<', loose.command(34, 4, false, u32(3), u32(9))],
      ['<', loose.command(10, 5, true)],
      ['>', loose.command(10, 5, false)],
    ],
    calls: [
      ...greeting,
      'ControlCommand server | messaging.operation.name=ControlCommand deepflow.openwire.command=ControlCommand deepflow.openwire.command_id=3',
      'ControlCommand server | messaging.operation.name=ControlCommand deepflow.openwire.command=ControlCommand deepflow.openwire.command_id=3',
      'one_way KeepAliveInfo server | messaging.operation.name=KeepAliveInfo deepflow.openwire.command=KeepAliveInfo deepflow.openwire.command_id=5',
      'one_way KeepAliveInfo server | messaging.operation.name=KeepAliveInfo deepflow.openwire.command=KeepAliveInfo deepflow.openwire.command_id=5',
    ],
  },
];

testConversations(openwire, conversations, 3000, ['messaging.system=activemq']);

test('properties carry the trace context', () => {
  const stream = play(openwire, conversations[0]!.steps);
  assert.equal(stream.messages[2]!.trace?.spanId, 'b7ad6b7169203331');
});

test('the head of a large message is enough', () => {
  const large = looseMessage(
    5,
    false,
    join(loose.first(1, producerId('ID:c:1')), loose.first(2, queue('big'))),
    Buffer.alloc(1_000_000),
  );
  const stream = play(openwire, [...handshake(false), ['>', join(large, loose.command(11, 6, false))]], 1400);
  assert.deepEqual(
    stream.messages.slice(2).map(({ method, resource, sizeBytes }) => [method, resource, sizeBytes]),
    [
      ['ActiveMQTextMessage', 'big', large.length],
      ['ShutdownInfo', '', 10],
    ],
  );
});

test('a connection joined late is known at its port, and its encoding found out', () => {
  const stream = createTestStream([openwire], { serverPort: 61616 });
  stream.client(loose.command(14, 3, true, loose.text('x')));
  stream.server(loose.command(30, 4, false, u32(3)));
  assert.equal(stream.calls[0]!.outcome, 'answered');
});

test('joined late, values are known to be cached or not by the commands that they are in', () => {
  const session = (id: number, ...sessionId: Part[]) => loose.command(4, id, true, ...sessionId);
  const sessionId = (connection: string) => loose.object(121, loose.text(connection), u64(1));
  for (const [name, first, second] of [
    ['cached', loose.first(1, sessionId('ID:c:1')), loose.again(1)],
    ['in full', sessionId('ID:c:1'), sessionId('ID:c:1')],
  ] as const) {
    const stream = createTestStream([openwire], { serverPort: 61616 });
    // Without values it fits both.
    stream.client(loose.command(10, 3, false));
    stream.client(session(4, first));
    stream.server(loose.command(30, 1, false, u32(4)));
    stream.client(session(5, second));
    stream.server(loose.command(30, 2, false, u32(5)));
    assert.equal(stream.analysis.counters.lost, 0, name);
    assert.deepEqual(
      stream.calls.slice(1).map(({ outcome, request }) => [outcome, request!.textFact('connectionId')]),
      [
        ['answered', 'ID:c:1'],
        ['answered', 'ID:c:1'],
      ],
      name,
    );
  }
});

test('after lost bytes reading goes on', () => {
  const stream = createTestStream([openwire]);
  stream.client(wireFormat(false));
  stream.server(wireFormat(false));
  stream.client(loose.command(14, 3, true, loose.text('x')));
  stream.server(loose.command(14, 1, false, loose.text('cut')).subarray(0, 9));
  stream.gap(1, 10);
  stream.server('rest of something');
  stream.server(loose.command(30, 4, false, u32(3)));
  assert.equal(stream.calls.at(-1)!.outcome, 'answered');
});

for (const [name, data] of [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['a frame of others', framed(30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)],
  ['another magic', framed(1, 'ActiveXX', u32(12), 0)],
] as const) {
  test(`${name} is not OpenWire`, () => {
    const stream = createTestStream([openwire], { serverPort: 20_000 });
    stream.client(data);
    assert.equal(stream.messages.length, 0);
  });
}
