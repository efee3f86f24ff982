/** Kafka: requests and responses of old and flexible versions, one-way Produce, errors, topic ids, records, gaps, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framed, join, text16, u16, u32, u64 } from '../testing/bytes.ts';
import { type Conversation, callLines, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import kafka from './index.ts';
import { apis } from './versions.ts';

const apiKey = (name: string): number => apis.findIndex((api) => api.name === name);

const request = (name: string, version: number, id: number, ...body: (number | string | Uint8Array)[]): Buffer =>
  framed(u16(apiKey(name)), u16(version), u32(id), text16('app'), ...body);
const response = (id: number, ...body: (number | string | Uint8Array)[]): Buffer => framed(u32(id), ...body);

/** Compact text of a flexible version. */
const compact = (value: string): Buffer => join(value.length + 1, value);
const tags = 0;

const topicId = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');

const nullKey = 1;
const zigzag = (value: number): number => value * 2;
const record = (value: string, headers: [string, string][]): Buffer => {
  const body = join(
    ...[0, 0, 0, nullKey, zigzag(value.length), value, zigzag(headers.length)],
    ...headers.flatMap(([name, text]) => [zigzag(name.length), name, zigzag(text.length), text]),
  );
  return join(0x80 | (zigzag(body.length) & 0x7f), zigzag(body.length) >> 7, body);
};
const batch = (attributes: number, count: number, records: Uint8Array): Buffer => {
  const rest = join(
    ...[u32(0), 2, u32(0x1234), u16(attributes), u32(count - 1), u64(0), u64(0), u64(-1), u16(-1), u32(-1), u32(count)],
    records,
  );
  return join(u64(0), u32(rest.length), rest);
};

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const produce = (version: number, id: number, acks: number, records: Buffer): Buffer =>
  request(
    'Produce',
    version,
    id,
    ...[u16(-1), u16(acks), u32(1000), u32(1), text16('orders'), u32(1), u32(3), u32(records.length), records],
  );

const system = ['messaging.system=kafka', 'messaging.client.id=app'];

const conversations: Conversation[] = [
  {
    name: 'a Produce has its topic, partition, records, and the offset it got',
    steps: [
      ['>', produce(7, 5, 1, batch(0, 2, join(record('a', []), record('b', []))))],
      ['<', response(5, u32(1), text16('orders'), u32(1), u32(3), u16(0), u64(42), u64(-1), u64(0), u32(0))],
    ],
    calls: [
      'send orders producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=orders deepflow.kafka.api=Produce deepflow.kafka.correlation_id=5 messaging.destination.partition.id=3 deepflow.kafka.acks=1 messaging.batch.message_count=2 messaging.kafka.offset=42',
    ],
  },
  {
    name: 'a Produce that wants no answer is one-way',
    steps: [['>', produce(7, 5, 0, batch(4, 9, Buffer.from('compressed')))]],
    calls: [
      'one_way send orders producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=orders deepflow.kafka.api=Produce deepflow.kafka.correlation_id=5 messaging.destination.partition.id=3 deepflow.kafka.compression=zstd deepflow.kafka.acks=0 messaging.batch.message_count=9',
    ],
  },
  {
    name: 'the error of the second partition is the error of the call',
    steps: [
      ['>', produce(3, 6, -1, batch(0, 1, record('a', [])))],
      [
        '<',
        response(
          6,
          ...[
            u32(1),
            text16('orders'),
            u32(2),
            u32(3),
            u16(0),
            u64(42),
            u64(-1),
            u32(4),
            u16(6),
            u64(-1),
            u64(-1),
            u32(7),
          ],
        ),
      ],
    ],
    calls: [
      '!send orders producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=orders deepflow.kafka.api=Produce deepflow.kafka.correlation_id=6 messaging.destination.partition.id=3 deepflow.kafka.acks=-1 deepflow.kafka.throttle_ms=7 deepflow.kafka.error_code=6 error.type=NOT_LEADER_OR_FOLLOWER messaging.batch.message_count=1 messaging.kafka.offset=42',
    ],
  },
  {
    name: 'a topic id has the name that Metadata gave it',
    steps: [
      ['>', request('Metadata', 12, 7, tags, 0, 1, 1, tags)],
      [
        '<',
        response(
          7,
          ...[tags, u32(0), 2, u32(1), compact('host'), u32(9092), 0, tags, compact('cluster'), u32(1)],
          ...[2, u16(0), compact('orders'), topicId, 0, 1, u32(0), tags, tags],
        ),
      ],
      [
        '>',
        request(
          'Fetch',
          15,
          8,
          ...[tags, u32(500), u32(1), u32(1000), 0, u32(0), u32(0), 2, topicId, 2],
          ...[u32(3), u32(1), u64(77), u32(-1), u64(-1), u32(1000), tags, tags, 1, 1, tags],
        ),
      ],
      [
        '<',
        response(
          8,
          tags,
          u32(0),
          u16(0),
          u32(9),
          2,
          topicId,
          2,
          u32(3),
          u16(1),
          u64(9),
          u64(9),
          u64(0),
          1,
          u32(-1),
          0,
          tags,
          tags,
        ),
      ],
    ],
    calls: [
      'Metadata server | messaging.operation.name=Metadata deepflow.kafka.api=Metadata deepflow.kafka.correlation_id=7',
      '!poll orders consumer | messaging.operation.name=poll messaging.operation.type=receive messaging.destination.name=orders deepflow.kafka.api=Fetch deepflow.kafka.correlation_id=8 messaging.destination.partition.id=3 deepflow.kafka.error_code=1 error.type=OFFSET_OUT_OF_RANGE messaging.kafka.offset=77',
    ],
  },
  {
    name: 'a group and the text of its error',
    steps: [
      ['>', request('ConsumerGroupHeartbeat', 0, 9, tags, compact('g1'), compact('m1'), u32(0))],
      ['<', response(9, tags, u32(0), u16(110), compact('too old'), tags)],
    ],
    calls: [
      '!ConsumerGroupHeartbeat server | messaging.operation.name=ConsumerGroupHeartbeat deepflow.kafka.api=ConsumerGroupHeartbeat deepflow.kafka.correlation_id=9 messaging.consumer.group.name=g1 deepflow.kafka.member_id=m1 deepflow.kafka.error_code=110 error.type=FENCED_MEMBER_EPOCH',
    ],
  },
  {
    name: 'after SaslHandshake 0 bare tokens pass by',
    steps: [
      ['>', request('SaslHandshake', 0, 1, text16('PLAIN'))],
      ['<', response(1, u16(0), u32(0))],
      ['>', framed('\0user\0secret')],
      ['<', framed('')],
      ['>', request('Heartbeat', 0, 2, text16('g'), u32(1), text16('m'))],
      ['<', response(2, u16(27))],
    ],
    calls: [
      'SaslHandshake server | messaging.operation.name=SaslHandshake deepflow.kafka.api=SaslHandshake deepflow.kafka.correlation_id=1',
      '!Heartbeat server | messaging.operation.name=Heartbeat deepflow.kafka.api=Heartbeat deepflow.kafka.correlation_id=2 messaging.consumer.group.name=g deepflow.kafka.member_id=m deepflow.kafka.error_code=27 error.type=REBALANCE_IN_PROGRESS',
    ],
  },
  {
    name: 'answers out of order find their requests',
    steps: [
      ['>', request('ListGroups', 0, 1)],
      ['>', request('ListGroups', 0, 2)],
      ['<', response(2, u16(31))],
      ['<', response(1, u16(0))],
    ],
    calls: [
      '!ListGroups server | messaging.operation.name=ListGroups deepflow.kafka.api=ListGroups deepflow.kafka.correlation_id=2 deepflow.kafka.error_code=31 error.type=CLUSTER_AUTHORIZATION_FAILED',
      'ListGroups server | messaging.operation.name=ListGroups deepflow.kafka.api=ListGroups deepflow.kafka.correlation_id=1',
    ],
  },
];

testConversations(kafka, conversations, 3000, system);

test('the trace context is that of the first record that has one', () => {
  const records = join(record('a', [['x', 'y']]), record('b', [['traceparent', traceparent]]));
  const stream = play(kafka, [['>', produce(3, 1, 1, batch(0, 2, records))]]);
  assert.equal(stream.messages[0]!.trace?.traceId, '0af7651916cd43dd8448eb211c80319c');
});

test('the head of a large message is enough, and the message ends where it ends', () => {
  const large = produce(3, 1, 1, batch(0, 1, record('a', [['traceparent', traceparent]])));
  const padding = Buffer.alloc(1_000_000);
  const sent = join(u32(large.length - 4 + padding.length), large.subarray(4), padding);
  const stream = play(
    kafka,
    [
      ['>', sent],
      ['>', request('ListGroups', 0, 2)],
    ],
    1400,
  );
  assert.deepEqual(
    stream.messages.map(({ method, sizeBytes }) => [method, sizeBytes]),
    [
      ['Produce', sent.length],
      ['ListGroups', 17],
    ],
  );
});

test('after lost bytes a response is known by the request that waits for it', () => {
  const stream = createTestStream([kafka]);
  stream.client(request('ListGroups', 0, 1));
  stream.client(request('ListGroups', 0, 2));
  stream.server(response(1, u16(0), Buffer.alloc(50)).subarray(0, 3));
  stream.gap(1, 10);
  stream.server(Buffer.alloc(47, 7));
  stream.server(response(2, u16(0)));
  stream.close();
  assert.deepEqual(
    callLines(stream).map((line) => line.split(' ')[0]),
    ['ListGroups', 'unanswered'],
  );
});

test('a connection joined in the middle is known by its next request', () => {
  const stream = play(kafka, [
    ['<', Buffer.alloc(100, 3)],
    ['>', Buffer.alloc(100, 9)],
    ['>', request('ListGroups', 0, 5)],
    ['<', response(5, u16(0))],
  ]);
  assert.equal(stream.calls[0]!.outcome, 'answered');
});

test('an answer seen first is not taken for a Produce that wants no answer', () => {
  const produced = response(2, u32(1), text16('orders'), u32(1), u32(0), u16(0), u64(42), u64(-1));
  const versions = response(2, u16(0), 4, u16(0), u16(0), u16(7), tags, u16(1), u16(0), u16(11), tags);
  for (const answer of [produced, versions]) {
    for (const serverPort of [9092, 29092]) {
      const stream = createTestStream([kafka], { serverPort });
      stream.server(answer);
      stream.client(request('ListGroups', 0, 5));
      stream.server(response(5, u16(0)));
      assert.deepEqual(
        stream.calls.map(({ outcome, request: asked }) => [outcome, asked?.method, asked?.side]),
        [['answered', 'ListGroups', 0]],
      );
    }
  }
});

test('the head of a FastCGI record is not taken for a request of 16 MiB', () => {
  const stream = play(kafka, [
    ['>', join(1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)],
    ['>', request('ListGroups', 0, 5)],
    ['<', response(5, u16(0))],
  ]);
  assert.deepEqual(
    stream.calls.map(({ outcome }) => outcome),
    ['answered'],
  );
});

for (const [name, data] of [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['a length and noise', framed(Buffer.alloc(64, 0x41))],
  ['a version that no API has', framed(u16(1), u16(99), u32(1), text16('app'))],
  ['a client id that is no text', framed(u16(1), u16(3), u32(1), u16(3), Buffer.of(1, 2, 3))],
  ['a size that is too small', join(u32(3), u16(1), u16(3), u32(1), u16(-1))],
] as const) {
  test(`${name} is not Kafka`, () => {
    assert.equal(play(kafka, [['>', data]]).messages.length, 0);
  });
}
