/** MQTT: versions 3.1 to 5, quality of service, aliases, reasons, connections joined late, what is not MQTT. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, text16, u16 } from '../testing/bytes.ts';
import { type Conversation, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import mqtt from './index.ts';

const packet = (first: number, ...body: (number | string | Uint8Array)[]): Buffer => {
  const content = join(...body);
  const length = [];
  let rest = content.length;
  do {
    length.push(rest > 127 ? (rest & 0x7f) | 0x80 : rest);
    rest >>>= 7;
  } while (rest > 0);
  return join(first, ...length, content);
};

const connect = (level: number, ...rest: (number | string | Uint8Array)[]): Buffer =>
  packet(0x10, text16(level === 3 ? 'MQIsdp' : 'MQTT'), level, 2, u16(60), ...rest, text16('c1'));
const properties = (...body: (number | string | Uint8Array)[]): Buffer => {
  const content = join(...body);
  return join(content.length, content);
};
const connack5 = packet(0x20, 0, 0, 0);
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const conversations: Conversation[] = [
  {
    name: '3.1: a publish with QoS 1 is answered by its acknowledgement, whatever comes between',
    steps: [
      ['>', connect(3)],
      ['<', packet(0x20, 0, 0)],
      ['>', packet(0x32, text16('a/b'), u16(7), 'x')],
      ['>', packet(0x32, text16('a/c'), u16(8), 'yy')],
      ['<', join(packet(0x40, u16(8)), packet(0x40, u16(7)))],
    ],
    calls: [
      'connect server | messaging.operation.name=connect deepflow.mqtt.packet=CONNECT deepflow.mqtt.reason_code=0',
      'publish a/c producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=a/c deepflow.mqtt.packet=PUBLISH deepflow.mqtt.packet_id=8 deepflow.mqtt.qos=1 messaging.message.body.size=2',
      'publish a/b producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=a/b deepflow.mqtt.packet=PUBLISH deepflow.mqtt.packet_id=7 deepflow.mqtt.qos=1 messaging.message.body.size=1',
    ],
  },
  {
    name: 'QoS 2 has two rounds, and both ends number for themselves',
    steps: [
      ['>', connect(4)],
      ['<', packet(0x20, 0, 0)],
      ['>', packet(0x34, text16('up'), u16(1))],
      ['<', packet(0x32, text16('down'), u16(1))],
      ['<', packet(0x50, u16(1))],
      ['>', packet(0x40, u16(1))],
      ['>', packet(0x62, u16(1))],
      ['<', packet(0x70, u16(1))],
    ],
    calls: [
      'connect server | messaging.operation.name=connect deepflow.mqtt.packet=CONNECT deepflow.mqtt.reason_code=0',
      'publish up producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=up deepflow.mqtt.packet=PUBLISH deepflow.mqtt.packet_id=1 deepflow.mqtt.qos=2 messaging.message.body.size=0',
      'deliver down consumer | messaging.operation.name=deliver messaging.operation.type=receive messaging.destination.name=down deepflow.mqtt.packet=PUBLISH deepflow.mqtt.packet_id=1 deepflow.mqtt.qos=1 messaging.message.body.size=0',
      'release server | messaging.operation.name=release deepflow.mqtt.packet=PUBREL deepflow.mqtt.packet_id=1',
    ],
  },
  {
    name: '5: an alias stands for its topic, a refusal has its reason',
    steps: [
      ['>', connect(5, properties(0x21, u16(10)))],
      ['<', connack5],
      ['>', packet(0x30, text16('a/b'), properties(0x23, u16(1)), 'x')],
      ['>', packet(0x32, text16(''), u16(2), properties(0x23, u16(1)), 'x')],
      ['<', packet(0x40, u16(2), 0x97, properties(0x1f, text16('too much')))],
      ['<', packet(0xe0, 0x8b, 0)],
    ],
    calls: [
      'connect server | messaging.operation.name=connect deepflow.mqtt.packet=CONNECT deepflow.mqtt.reason_code=0',
      'one_way publish a/b producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=a/b deepflow.mqtt.packet=PUBLISH deepflow.mqtt.qos=0 messaging.message.body.size=1',
      '!publish a/b producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=a/b deepflow.mqtt.packet=PUBLISH deepflow.mqtt.packet_id=2 deepflow.mqtt.qos=1 messaging.message.body.size=1 deepflow.mqtt.reason_code=151 error.type=Quota exceeded',
      'one_way !disconnect server | messaging.operation.name=disconnect deepflow.mqtt.packet=DISCONNECT deepflow.mqtt.reason_code=139 error.type=Server shutting down',
    ],
  },
  {
    name: 'a connection is refused',
    steps: [
      ['>', connect(4)],
      ['<', packet(0x20, 0, 5)],
    ],
    calls: [
      '!connect server | messaging.operation.name=connect deepflow.mqtt.packet=CONNECT deepflow.mqtt.reason_code=5 error.type=not authorized',
    ],
  },
  {
    name: 'a refused subscription, and pings',
    steps: [
      ['>', connect(5, 0)],
      ['<', connack5],
      ['>', packet(0x82, u16(3), 0, text16('x/#'), 1, text16('y'), 0)],
      ['<', packet(0x90, u16(3), 0, 1, 0x87)],
      ['>', packet(0xc0)],
      ['<', packet(0xd0)],
    ],
    calls: [
      'connect server | messaging.operation.name=connect deepflow.mqtt.packet=CONNECT deepflow.mqtt.reason_code=0',
      '!subscribe server | messaging.operation.name=subscribe deepflow.mqtt.packet=SUBSCRIBE deepflow.mqtt.packet_id=3 deepflow.mqtt.topics=[x/#,y] deepflow.mqtt.reason_code=135 error.type=Not authorized',
      'ping server | messaging.operation.name=ping deepflow.mqtt.packet=PINGREQ',
    ],
  },
  {
    name: 'a large publish is one message, known by its head',
    steps: [
      ['>', connect(4)],
      ['<', packet(0x20, 0, 0)],
      ['>', join(packet(0x30, text16('big'), Buffer.alloc(100_000)), packet(0xe0))],
    ],
    calls: [
      'connect server | messaging.operation.name=connect deepflow.mqtt.packet=CONNECT deepflow.mqtt.reason_code=0',
      'one_way publish big producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=big deepflow.mqtt.packet=PUBLISH deepflow.mqtt.qos=0 messaging.message.body.size=100000',
      'one_way disconnect server | messaging.operation.name=disconnect deepflow.mqtt.packet=DISCONNECT',
    ],
  },
];

testConversations(
  mqtt,
  conversations.filter(({ name }) => !name.startsWith('a large')),
  2000,
  ['messaging.system=mqtt', 'messaging.client.id=c1'],
);

test('a large publish is one message, known by its head', () => {
  const { steps, calls } = conversations.find(({ name }) => name.startsWith('a large'))!;
  const stream = play(mqtt, steps, 1400);
  assert.equal(stream.calls.length, calls.length);
  assert.equal(stream.messages[2]!.sizeBytes, 100_000 + 9);
});

test('user properties carry the trace context', () => {
  const stream = play(mqtt, [
    ['>', connect(5, 0)],
    ['>', packet(0x30, text16('a'), properties(0x26, text16('traceparent'), text16(traceparent)))],
  ]);
  assert.equal(stream.messages[1]!.trace?.spanId, 'b7ad6b7169203331');
});

test('a connection joined late is known by a topic, away from the usual port too', () => {
  const stream = createTestStream([mqtt], { serverPort: 20_000 });
  stream.client(packet(0x32, text16('sensors/kitchen'), u16(9), '21.5'));
  stream.server(packet(0x40, u16(9)));
  assert.equal(stream.calls[0]!.outcome, 'answered');
});

test('a topic with numbers is no part of the name', () => {
  const stream = play(mqtt, [['>', join(connect(4), packet(0x30, text16('devices/12345/state')))]]);
  assert.match(stream.calls[0]!.span, /^publish producer .*messaging.destination.name=devices\/12345\/state/);
});

test('after lost bytes reading goes on with the next packet', () => {
  const stream = createTestStream([mqtt]);
  stream.client(connect(4));
  stream.client(packet(0x30, text16('a/b'), 'x'.repeat(50)).subarray(0, 2));
  stream.gap(0, 20);
  stream.client('x'.repeat(30));
  stream.client(packet(0x32, text16('a/b'), u16(4)));
  stream.server(packet(0x40, u16(4)));
  assert.deepEqual([stream.calls.at(-1)!.outcome, stream.calls.at(-1)!.request?.id], ['answered', 4]);
});

for (const [name, data] of [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['a row of digits', '0123456789/0123456789'],
  ['a ping alone', packet(0xc0)],
  ['DNS over TCP that begins like a CONNACK', Buffer.from('209c01000001000000000000067a69706b696e', 'hex')],
  ['text that begins like a PUBLISH', '2026-11-21 10:00:00 /var/log started\n'],
] as const) {
  test(`${name} is not MQTT`, () => {
    const stream = createTestStream([mqtt], { serverPort: 20_000 });
    stream.client(data);
    stream.finish(0);
    assert.equal(stream.messages.length, 0);
  });
}
