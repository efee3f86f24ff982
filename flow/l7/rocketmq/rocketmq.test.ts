/** RocketMQ: both forms of header, one-way commands, pulled messages, requests of the broker, codes, what is not RocketMQ. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framed, join, text16, text32, u16, u32, u64 } from '../testing/bytes.ts';
import { type Conversation, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import { versionName } from './codes.ts';
import rocketmq from './index.ts';

interface Fields {
  [name: string]: string;
}

const json = (
  code: number,
  opaque: number,
  flag: number,
  extFields: Fields = {},
  body = '',
  remark?: string,
): Buffer => {
  const header = JSON.stringify({ code, extFields, flag, language: 'JAVA', opaque, remark, version: 401 });
  return framed(u32(header.length), header, body);
};
const binary = (
  code: number,
  opaque: number,
  flag: number,
  fields: Fields = {},
  remark = '',
  body: Uint8Array = Buffer.alloc(0),
): Buffer => {
  const pairs = join(...Object.entries(fields).flatMap(([name, value]) => [text16(name), text32(value)]));
  const header = join(u16(code), 0, u16(401), u32(opaque), u32(flag), text32(remark), u32(pairs.length), pairs);
  return framed(1, u32(header.length).subarray(1), header, body);
};

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const properties = `UNIQ_KEY\u0001K1\u0002TAGS\u0001TagA\u0002KEYS\u0001order-1 order-2\u0002traceparent\u0001${traceparent}\u0002`;

const stored = (topic: string, text: string): Buffer => {
  const rest = join(
    ...[
      u32(-626843481),
      u32(0),
      u32(0),
      u32(0),
      u64(5),
      u64(9),
      u32(0),
      u64(0),
      u32(0),
      u32(0),
      u64(0),
      u32(0),
      u32(0),
    ],
    ...[u32(0), u64(0), text32('body'), topic.length, topic, text16(text)],
  );
  return join(u32(rest.length + 4), rest);
};

const conversations: Conversation[] = [
  {
    name: 'a message is sent, with JSON headers',
    steps: [
      ['>', json(310, 6, 0, { a: 'shop', b: 'orders', e: '2', i: properties }, 'hello')],
      ['<', json(0, 6, 1, { queueId: '2', msgId: 'ID', queueOffset: '1' })],
    ],
    calls: [
      'send orders producer | messaging.operation.name=send messaging.operation.type=send messaging.destination.name=orders deepflow.rocketmq.request=SEND_MESSAGE_V2 deepflow.rocketmq.opaque=6 messaging.destination.partition.id=2 messaging.rocketmq.client_group=shop messaging.message.id=K1 messaging.rocketmq.message.tag=TagA messaging.rocketmq.message.keys=[order-1,order-2] deepflow.rocketmq.response_code=0 deepflow.rocketmq.response=SUCCESS',
    ],
  },
  {
    name: 'binary headers, and answers out of order',
    steps: [
      ['>', binary(11, 7, 0, { topic: 'orders', queueId: '0', consumerGroup: 'readers', queueOffset: '10' })],
      ['>', binary(34, 8, 0)],
      ['<', binary(2, 8, 1, {}, 'too busy')],
      [
        '<',
        binary(0, 7, 1, { nextBeginOffset: '12' }, 'FOUND', join(stored('orders', properties), stored('orders', ''))),
      ],
    ],
    calls: [
      '!HEART_BEAT server | messaging.operation.name=HEART_BEAT deepflow.rocketmq.request=HEART_BEAT deepflow.rocketmq.opaque=8 deepflow.rocketmq.response_code=2 deepflow.rocketmq.response=SYSTEM_BUSY error.type=SYSTEM_BUSY',
      'pull orders consumer | messaging.operation.name=pull messaging.operation.type=receive messaging.destination.name=orders deepflow.rocketmq.request=PULL_MESSAGE deepflow.rocketmq.opaque=7 messaging.destination.partition.id=0 messaging.consumer.group.name=readers messaging.message.id=K1 messaging.rocketmq.message.tag=TagA messaging.rocketmq.message.keys=[order-1,order-2] deepflow.rocketmq.offset=10 messaging.batch.message_count=2 deepflow.rocketmq.response_code=0 deepflow.rocketmq.response=SUCCESS deepflow.rocketmq.remark=FOUND',
    ],
  },
  {
    name: 'a one-way command waits for nothing; the broker asks with a number of its own',
    steps: [
      ['>', json(15, 5, 2, { topic: 'orders', queueId: '3', consumerGroup: 'readers', commitOffset: '904' })],
      ['>', json(105, 9, 0, { topic: 'orders' })],
      ['<', json(307, 9, 0, { consumerGroup: 'readers' })],
      ['>', json(0, 9, 1)],
      ['<', json(17, 9, 1, {}, '', 'No topic route info')],
    ],
    calls: [
      'one_way commit orders server | messaging.operation.name=commit messaging.operation.type=settle messaging.destination.name=orders deepflow.rocketmq.request=UPDATE_CONSUMER_OFFSET deepflow.rocketmq.opaque=5 messaging.destination.partition.id=3 messaging.consumer.group.name=readers deepflow.rocketmq.offset=904',
      'GET_CONSUMER_RUNNING_INFO server | messaging.operation.name=GET_CONSUMER_RUNNING_INFO deepflow.rocketmq.request=GET_CONSUMER_RUNNING_INFO deepflow.rocketmq.opaque=9 messaging.consumer.group.name=readers deepflow.rocketmq.response_code=0 deepflow.rocketmq.response=SUCCESS',
      '!GET_ROUTEINFO_BY_TOPIC orders server | messaging.operation.name=GET_ROUTEINFO_BY_TOPIC messaging.destination.name=orders deepflow.rocketmq.request=GET_ROUTEINFO_BY_TOPIC deepflow.rocketmq.opaque=9 deepflow.rocketmq.response_code=17 deepflow.rocketmq.response=TOPIC_NOT_EXIST error.type=TOPIC_NOT_EXIST',
    ],
  },
];

testConversations(rocketmq, conversations, 3000, ['messaging.system=rocketmq']);

test('the trace context comes from the properties, sent or pulled', () => {
  for (const { steps } of conversations.slice(0, 2)) {
    const traced = play(rocketmq, steps).messages.filter(({ trace }) => trace !== null);
    assert.deepEqual(
      traced.map(({ trace }) => trace?.spanId),
      ['b7ad6b7169203331'],
    );
  }
});

test('versions are counted as the clients count them', () => {
  assert.deepEqual([0, 15, 17, 46, 85, 86, 211, 212, 293, 401, 413].map(versionName), [
    'V3_0_0_SNAPSHOT',
    'V3_0_0_FINAL',
    'V3_0_1',
    'V3_1_0_SNAPSHOT',
    'V3_2_9',
    'V3_3_1_SNAPSHOT',
    'V3_9_9',
    'V4_0_0_SNAPSHOT',
    'V4_4_0',
    'V4_9_4',
    'V5_0_0',
  ]);
});

test('the head of a large message is enough', () => {
  const large = json(310, 6, 0, { b: 'orders' }, 'x'.repeat(1_000_000));
  const stream = play(rocketmq, [['>', join(large, json(34, 7, 0))]], 1400);
  assert.deepEqual(
    stream.messages.map(({ method, sizeBytes }) => [method, sizeBytes === large.length]),
    [
      ['SEND_MESSAGE_V2', true],
      ['HEART_BEAT', false],
    ],
  );
});

test('after lost bytes answers find their requests again', () => {
  const stream = createTestStream([rocketmq]);
  stream.client(json(34, 1, 0));
  stream.client(json(34, 2, 0));
  stream.server(json(0, 1, 1).subarray(0, 30));
  stream.gap(1, 50);
  stream.server('rest of it');
  stream.server(json(0, 2, 1));
  assert.deepEqual([stream.calls[0]!.outcome, stream.calls[0]!.request?.id], ['answered', 2]);
});

for (const [name, data] of [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['framed JSON of others', framed(u32(30), '{"jsonrpc":"2.0","method":"a"}')],
  ['a code that nobody has', json(9999, 1, 0)],
  ['a binary header that does not fill its length', framed(1, 0, 0, 30, Buffer.alloc(30))],
] as const) {
  test(`${name} is not RocketMQ`, () => {
    assert.equal(play(rocketmq, [['>', data]]).messages.length, 0);
  });
}
