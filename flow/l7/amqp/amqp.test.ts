/** AMQP 0-9-1: the opening, channels, refused requests, content with trace contexts, no-wait, gaps, what is not AMQP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, text32, u16, u32, u64 } from '../testing/bytes.ts';
import { type Conversation, callLines, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import amqp from './index.ts';

type Part = number | string | Uint8Array;

const frame = (type: number, channel: number, ...body: Part[]): Buffer => {
  const payload = join(...body);
  return join(type, u16(channel), u32(payload.length), payload, 0xce);
};
const method = (channel: number, classId: number, methodId: number, ...body: Part[]): Buffer =>
  frame(1, channel, u16(classId), u16(methodId), ...body);
const short = (text: string): Buffer => join(text.length, text);
const table = (...fields: Part[]): Buffer => {
  const body = join(...fields);
  return join(u32(body.length), body);
};
const field = (name: string, value: string): Buffer => join(short(name), 'S', text32(value));
const content = (channel: number, body: string, ...headers: Part[]): Buffer =>
  join(
    frame(2, channel, u16(60), u16(0), u64(body.length), u16(0x2400), table(...headers), short('corr-1')),
    body === '' ? '' : frame(3, channel, body),
  );

const traceparent = field('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
const publish = (channel: number, exchange: string, key: string): Buffer =>
  method(channel, 60, 40, u16(0), short(exchange), short(key), 0);

const opening = [
  ['>', 'AMQP\0\0\x09\x01'],
  ['<', method(0, 10, 10, 0, 9, table(field('product', 'RabbitMQ')), text32('PLAIN'), text32('en_US'))],
  ['>', method(0, 10, 11, table(field('connection_name', 'app')), short('PLAIN'), text32('\0u\0p'), short('en_US'))],
  ['<', method(0, 10, 30, u16(2047), u32(131072), u16(60))],
  ['>', join(method(0, 10, 31, u16(2047), u32(131072), u16(60)), method(0, 10, 40, short('/prod'), short(''), 0))],
  ['<', method(0, 10, 41, short(''))],
  ['>', method(1, 20, 10, short(''))],
  ['<', method(1, 20, 11, u32(0))],
] as const;

const conversations: Conversation[] = [
  {
    name: 'a connection opens',
    steps: opening,
    calls: [
      'Connection.Start server | messaging.operation.name=Connection.Start deepflow.amqp.method=Connection.Start deepflow.amqp.channel=0',
      'Connection.Tune server | messaging.operation.name=Connection.Tune deepflow.amqp.method=Connection.Tune deepflow.amqp.channel=0 messaging.client.id=app',
      'Connection.Open server | messaging.operation.name=Connection.Open deepflow.amqp.method=Connection.Open deepflow.amqp.channel=0 deepflow.amqp.vhost=/prod messaging.client.id=app',
      'Channel.Open server | messaging.operation.name=Channel.Open deepflow.amqp.method=Channel.Open deepflow.amqp.channel=1 deepflow.amqp.vhost=/prod messaging.client.id=app',
    ],
  },
  {
    name: 'answers of two channels may cross; a consumer knows its queue',
    steps: [
      ['>', join(method(1, 60, 20, u16(0), short('jobs'), short('tag1'), 0, table()))],
      ['>', join(method(2, 50, 10, u16(0), short('other'), 0, table()))],
      ['<', method(2, 50, 11, short('other'), u32(3), u32(0))],
      ['<', method(1, 60, 21, short('tag1'))],
      [
        '<',
        join(method(1, 60, 60, short('tag1'), u64(5), 1, short('ex'), short('key')), content(1, 'hello', traceparent)),
      ],
      ['>', method(1, 60, 80, u64(5), 0)],
    ],
    calls: [
      'Queue.Declare other server | messaging.operation.name=Queue.Declare messaging.destination.name=other deepflow.amqp.method=Queue.Declare deepflow.amqp.channel=2 deepflow.amqp.queue=other',
      'Basic.Consume jobs server | messaging.operation.name=Basic.Consume messaging.destination.name=jobs deepflow.amqp.method=Basic.Consume deepflow.amqp.channel=1 deepflow.amqp.queue=jobs',
      'one_way deliver ex:key:jobs consumer | messaging.operation.name=deliver messaging.operation.type=receive messaging.destination.name=ex:key:jobs deepflow.amqp.method=Basic.Deliver deepflow.amqp.channel=1 messaging.rabbitmq.destination.routing_key=key deepflow.amqp.queue=jobs messaging.message.conversation_id=corr-1 messaging.rabbitmq.message.delivery_tag=5 messaging.message.body.size=5 deepflow.amqp.redelivered=true',
      'one_way ack server | messaging.operation.name=ack messaging.operation.type=settle deepflow.amqp.method=Basic.Ack deepflow.amqp.channel=1 messaging.rabbitmq.message.delivery_tag=5',
    ],
  },
  {
    name: 'a refused request is answered by Close',
    steps: [
      ['>', method(3, 50, 10, u16(0), short('q'), 1, table())],
      ['<', method(3, 20, 40, u16(404), short("NOT_FOUND - no queue 'q'"), u16(50), u16(10))],
      ['>', method(3, 20, 41)],
      ['>', method(3, 20, 10, short(''))],
      ['<', method(3, 20, 11, u32(0))],
    ],
    calls: [
      '!Queue.Declare q server | messaging.operation.name=Queue.Declare messaging.destination.name=q deepflow.amqp.method=Queue.Declare deepflow.amqp.channel=3 deepflow.amqp.queue=q deepflow.amqp.reply_code=404 error.type=not-found',
      'Channel.Open server | messaging.operation.name=Channel.Open deepflow.amqp.method=Channel.Open deepflow.amqp.channel=3',
    ],
  },
  {
    name: 'publishing, a return, a confirm; what needs no answer waits for none',
    steps: [
      ['>', method(1, 85, 10, 0)],
      ['<', method(1, 85, 11)],
      ['>', join(publish(1, 'ex', 'nowhere'), content(1, 'body', traceparent))],
      ['<', join(method(1, 60, 50, u16(312), short('NO_ROUTE'), short('ex'), short('nowhere')), content(1, 'body'))],
      ['<', method(1, 60, 80, u64(1), 0)],
      ['>', method(1, 50, 20, u16(0), short('q'), short('ex'), short('k'), 1, table())],
      ['>', frame(8, 0)],
    ],
    calls: [
      'Confirm.Select server | messaging.operation.name=Confirm.Select deepflow.amqp.method=Confirm.Select deepflow.amqp.channel=1',
      'one_way publish ex:nowhere producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=ex:nowhere deepflow.amqp.method=Basic.Publish deepflow.amqp.channel=1 messaging.rabbitmq.destination.routing_key=nowhere messaging.message.conversation_id=corr-1 messaging.message.body.size=4',
      'one_way !return ex:nowhere consumer | messaging.operation.name=return messaging.operation.type=receive messaging.destination.name=ex:nowhere deepflow.amqp.method=Basic.Return deepflow.amqp.channel=1 messaging.rabbitmq.destination.routing_key=nowhere messaging.message.conversation_id=corr-1 messaging.message.body.size=4 deepflow.amqp.reply_code=312 error.type=no-route',
      'one_way confirm server | messaging.operation.name=confirm deepflow.amqp.method=Basic.Ack deepflow.amqp.channel=1 messaging.rabbitmq.message.delivery_tag=1',
      'one_way Queue.Bind ex:k:q server | messaging.operation.name=Queue.Bind messaging.destination.name=ex:k:q deepflow.amqp.method=Queue.Bind deepflow.amqp.channel=1 messaging.rabbitmq.destination.routing_key=k deepflow.amqp.queue=q',
    ],
  },
  {
    name: 'a message is fetched',
    steps: [
      ['>', method(1, 60, 70, u16(0), short('q'), 0)],
      ['<', join(method(1, 60, 71, u64(9), 0, short('ex'), short('k'), u32(0)), content(1, 'abc', traceparent))],
      ['>', method(1, 60, 70, u16(0), short('q'), 0)],
      ['<', method(1, 60, 72, short(''))],
    ],
    calls: [
      'get ex:k:q consumer | messaging.operation.name=get messaging.operation.type=receive messaging.destination.name=ex:k:q deepflow.amqp.method=Basic.Get deepflow.amqp.channel=1 messaging.rabbitmq.destination.routing_key=k deepflow.amqp.queue=q messaging.message.conversation_id=corr-1 messaging.rabbitmq.message.delivery_tag=9 messaging.message.body.size=3',
      'get q consumer | messaging.operation.name=get messaging.operation.type=receive messaging.destination.name=q deepflow.amqp.method=Basic.Get deepflow.amqp.channel=1 deepflow.amqp.queue=q',
    ],
  },
];

testConversations(amqp, conversations, 3000, ['messaging.system=rabbitmq']);

test('the content header gives its trace context to the message it belongs to', () => {
  const stream = play(amqp, conversations[3]!.steps);
  const published = stream.calls.find(({ request }) => request?.method === 'Basic.Publish')!;
  assert.equal(published.request?.trace?.spanId, 'b7ad6b7169203331');
});

test('a body in many frames passes unseen and makes no calls', () => {
  const body = Buffer.alloc(100_000);
  const header = frame(2, 1, u16(60), u16(0), u64(200_000), u16(0));
  const stream = play(
    amqp,
    [['>', join(publish(1, 'ex', 'k'), header, frame(3, 1, body), frame(3, 1, body), publish(1, 'ex', 'l'))]],
    1400,
  );
  stream.finish(0);
  assert.deepEqual(
    stream.calls.map(({ request }) => request?.endpoint),
    ['ex.k', 'ex.l'],
  );
});

test('secrets of the login are nowhere', () => {
  const stream = play(amqp, opening);
  assert.doesNotMatch(
    JSON.stringify(stream.messages.map((message) => ({ ...message, facts: [...(message.facts ?? [])] }))),
    /u\\u0000p/,
  );
});

test('after lost bytes reading goes on with the next frame', () => {
  const stream = createTestStream([amqp]);
  stream.client(publish(1, 'ex', 'a').subarray(0, 12));
  stream.gap(0, 100);
  stream.client('somewhere in a body');
  stream.client(join(publish(1, 'ex', 'b'), content(1, 'x')));
  assert.deepEqual(
    callLines(stream).map((line) => line.split(' ').slice(0, 3).join(' ')),
    ['one_way publish ex:b'],
  );
});

test('a message whose content was lost is incomplete', () => {
  const stream = createTestStream([amqp]);
  stream.client(publish(1, 'ex', 'a'));
  stream.gap(0, 100);
  stream.client(join(publish(1, 'ex', 'b'), content(1, 'x')));
  assert.deepEqual(
    stream.calls.map(({ request }) => [request!.textFact('routingKey'), request!.complete]),
    [
      ['a', false],
      ['b', true],
    ],
  );
});

for (const [name, data] of [
  ['AMQP 1.0', 'AMQP\0\x01\0\0'],
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['a frame without its mark', join(publish(1, 'a', 'b').subarray(0, -1), 0)],
  ['TPKT', Buffer.from('0300001611e00000000500c1020600c2020602c0010a', 'hex')],
] as const) {
  test(`${name} is not AMQP 0-9-1`, () => {
    assert.equal(play(amqp, [['>', data]]).messages.length, 0);
  });
}
