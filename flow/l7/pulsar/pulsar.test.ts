/** Pulsar: connecting, producers and consumers by their ids, batches, errors, pings, what is not Pulsar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framed, join, u32 } from '../testing/bytes.ts';
import { type Conversation, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import pulsar from './index.ts';

/** Fields of a protobuf message: numbers below 128, texts, or bytes. */
type Field = [number: number, value: number | string | Uint8Array];
const message = (...fields: Field[]): Buffer =>
  join(
    ...fields.flatMap(([number, value]) => {
      const key = number << 3;
      const tag = (type: number): number[] => (key > 127 ? [((key | type) & 0x7f) | 0x80, key >> 7] : [key | type]);
      if (typeof value === 'number') return [...tag(0), value];
      const body = join(value);
      return [
        ...tag(2),
        ...(body.length > 127 ? [(body.length & 0x7f) | 0x80, body.length >> 7] : [body.length]),
        body,
      ];
    }),
  );

const command = (type: number, ...fields: Field[]): Buffer => {
  const base = message([1, type], [type, message(...fields)]);
  return framed(u32(base.length), base);
};
const withMessage = (type: number, fields: Field[], metadata: Buffer, payload: Uint8Array | string): Buffer => {
  const base = message([1, type], [type, message(...fields)]);
  return framed(u32(base.length), base, 0x0e, 0x01, u32(7), u32(metadata.length), metadata, payload);
};

const topic = 'persistent://shop/eu/orders';
const traceparent: Field = [
  4,
  message([1, 'traceparent'], [2, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']),
];
const connecting = [
  ['>', command(2, [1, 'Java 4.0'], [4, 21])],
  ['<', command(3, [1, 'Pulsar 4.0'], [2, 21])],
] as const;
const connected = 'CONNECT server | messaging.operation.name=CONNECT deepflow.pulsar.command=CONNECT';

const conversations: Conversation[] = [
  {
    name: 'a producer sends by its id, and sequence numbers find their receipts',
    steps: [
      ...connecting,
      ['>', command(5, [1, topic], [2, 3], [3, 10], [4, 'p1'])],
      ['<', command(17, [1, 10], [2, 'p1'])],
      [
        '>',
        withMessage(
          6,
          [
            [1, 3],
            [2, 0],
          ],
          message([1, 'p1'], [2, 0], traceparent),
          'hello',
        ),
      ],
      [
        '>',
        withMessage(
          6,
          [
            [1, 3],
            [2, 1],
            [3, 5],
          ],
          message([1, 'p1'], [2, 1], [8, 1], [11, 5]),
          'packed',
        ),
      ],
      ['<', command(8, [1, 3], [2, 1], [3, 9], [4, 'checksum'])],
      ['<', command(7, [1, 3], [2, 0])],
    ],
    calls: [
      connected,
      `PRODUCER ${topic} server | messaging.operation.name=PRODUCER messaging.destination.name=${topic} deepflow.pulsar.command=PRODUCER deepflow.pulsar.request_id=10 messaging.client.id=p1 deepflow.pulsar.producer_id=3`,
      `!send ${topic} producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=${topic} deepflow.pulsar.command=SEND deepflow.pulsar.request_id=1 messaging.client.id=p1 deepflow.pulsar.producer_id=3 messaging.batch.message_count=5 messaging.message.body.size=6 deepflow.pulsar.compression=lz4 deepflow.pulsar.error_code=9 error.type=ChecksumError`,
      `send ${topic} producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=${topic} deepflow.pulsar.command=SEND deepflow.pulsar.request_id=0 messaging.client.id=p1 deepflow.pulsar.producer_id=3 messaging.message.body.size=5`,
    ],
  },
  {
    name: 'a consumer is given messages by its id, and asks for an answer to its acknowledgement',
    steps: [
      ...connecting,
      ['>', command(4, [1, topic], [2, 'billing'], [4, 2], [5, 11])],
      ['<', command(13, [1, 11])],
      ['>', command(11, [1, 2], [2, 100])],
      [
        '<',
        withMessage(
          9,
          [
            [1, 2],
            [2, message([1, 5], [2, 6])],
          ],
          message([1, 'p1'], [2, 0], traceparent),
          'x',
        ),
      ],
      ['>', command(10, [1, 2], [2, 0], [7, 12])],
      ['<', command(38, [1, 2], [6, 12])],
      ['<', command(16, [1, 2], [2, 11])],
    ],
    calls: [
      connected,
      `SUBSCRIBE ${topic} server | messaging.operation.name=SUBSCRIBE messaging.destination.name=${topic} deepflow.pulsar.command=SUBSCRIBE deepflow.pulsar.request_id=11 messaging.destination.subscription.name=billing deepflow.pulsar.consumer_id=2`,
      `one_way FLOW ${topic} server | messaging.operation.name=FLOW messaging.destination.name=${topic} deepflow.pulsar.command=FLOW messaging.destination.subscription.name=billing deepflow.pulsar.consumer_id=2`,
      `one_way deliver ${topic} consumer | messaging.operation.name=deliver messaging.operation.type=receive messaging.destination.name=${topic} deepflow.pulsar.command=MESSAGE messaging.destination.subscription.name=billing messaging.client.id=p1 deepflow.pulsar.consumer_id=2 messaging.message.body.size=1`,
      `ack ${topic} server | messaging.operation.name=ack messaging.operation.type=settle messaging.destination.name=${topic} deepflow.pulsar.command=ACK deepflow.pulsar.request_id=12 messaging.destination.subscription.name=billing deepflow.pulsar.consumer_id=2`,
      `one_way CLOSE_CONSUMER ${topic} server | messaging.operation.name=CLOSE_CONSUMER messaging.destination.name=${topic} deepflow.pulsar.command=CLOSE_CONSUMER deepflow.pulsar.request_id=11 messaging.destination.subscription.name=billing deepflow.pulsar.consumer_id=2`,
    ],
  },
  {
    name: 'a failed lookup, pings of both ends, an unknown command passes by',
    steps: [
      ...connecting,
      ['>', command(23, [1, topic], [2, 1])],
      ['<', command(18)],
      ['>', command(18)],
      ['>', command(19)],
      ['<', command(19)],
      ['<', framed(u32(8), message([1, 99], [99, 'x']), 0, 0)],
      ['<', command(24, [3, 2], [4, 1], [6, 11], [7, 'not found'])],
    ],
    calls: [
      connected,
      'PING server | messaging.operation.name=PING deepflow.pulsar.command=PING',
      'PING server | messaging.operation.name=PING deepflow.pulsar.command=PING',
      `!LOOKUP ${topic} server | messaging.operation.name=LOOKUP messaging.destination.name=${topic} deepflow.pulsar.command=LOOKUP deepflow.pulsar.request_id=1 deepflow.pulsar.error_code=11 error.type=TopicNotFound`,
    ],
  },
];

testConversations(pulsar, conversations, 3000, ['messaging.system=pulsar']);

test('properties carry the trace context, of a batch those of its messages', () => {
  const single = message([1, traceparent[1]], [3, 1]);
  const batch = join(u32(single.length), single, 'x');
  const stream = play(pulsar, [
    [
      '>',
      withMessage(
        6,
        [
          [1, 1],
          [2, 1],
        ],
        message([1, 'p'], [2, 0], [11, 1]),
        batch,
      ),
    ],
    [
      '>',
      withMessage(
        6,
        [
          [1, 1],
          [2, 2],
        ],
        message([1, 'p'], [2, 0], traceparent),
        'x',
      ),
    ],
  ]);
  assert.deepEqual(
    stream.messages.map(({ trace }) => trace?.spanId),
    ['b7ad6b7169203331', 'b7ad6b7169203331'],
  );
});

test('the head of a large message is enough', () => {
  const large = withMessage(
    6,
    [
      [1, 1],
      [2, 1],
    ],
    message([1, 'p'], [2, 0]),
    Buffer.alloc(1_000_000),
  );
  const stream = play(pulsar, [...connecting, ['>', join(large, command(18))]], 1400);
  assert.deepEqual(
    stream.messages.slice(2).map(({ method, sizeBytes }) => [method, sizeBytes]),
    [
      ['SEND', large.length],
      ['PING', 13],
    ],
  );
});

test('after lost bytes answers find their requests', () => {
  const stream = createTestStream([pulsar]);
  stream.client(command(23, [1, topic], [2, 1]));
  stream.client(command(23, [1, topic], [2, 2]));
  stream.server(command(24, [3, 1], [4, 1]).subarray(0, 9));
  stream.gap(1, 20);
  stream.server('rest');
  stream.server(command(24, [3, 1], [4, 2]));
  assert.deepEqual([stream.calls[0]!.outcome, stream.calls[0]!.request?.id], ['answered', 2]);
});

for (const [name, data] of [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['a type without its command', framed(u32(4), message([1, 2], [3, '']))],
  ['sizes that do not fit', join(u32(6), u32(8), message([1, 18], [18, '']))],
] as const) {
  test(`${name} is not Pulsar`, () => {
    assert.equal(play(pulsar, [['>', data]]).messages.length, 0);
  });
}
