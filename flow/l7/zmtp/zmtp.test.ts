/** ZMTP: handshakes of the mechanisms, request and reply, publishing, old versions, large frames, what is not ZMTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, u32, u64 } from '../testing/bytes.ts';
import { type Conversation, play, testConversations } from '../testing/conversation.ts';
import zmtp from './index.ts';

const greeting = (mechanism: string, minor = 1): Buffer =>
  join(0xff, Buffer.alloc(8), 0x7f, 3, minor, mechanism, Buffer.alloc(52 - mechanism.length));
const frame = (flags: number, body: string | Uint8Array): Buffer => join(flags, Buffer.byteLength(body), body);
const command = (name: string, data: string | Uint8Array = ''): Buffer => frame(4, join(name.length, name, data));
const property = (name: string, value: string): Buffer => join(name.length, name, u32(value.length), value);
const ready = (socketType: string): Buffer => command('READY', property('Socket-Type', socketType));

const opening = (client: string, server: string, minor = 1): Conversation['steps'] => [
  ['>', greeting('NULL', minor)],
  ['<', greeting('NULL', minor)],
  ['>', ready(client)],
  ['<', ready(server)],
];
const opened = (client: string, server: string): string[] => [
  'one_way greeting server | messaging.operation.name=greeting deepflow.zmtp.command=GREETING deepflow.zmtp.mechanism=NULL',
  `one_way ready server | messaging.operation.name=ready deepflow.zmtp.command=READY deepflow.zmtp.socket_type=${client}`,
  `one_way ready server | messaging.operation.name=ready deepflow.zmtp.command=READY deepflow.zmtp.socket_type=${server}`,
];

const conversations: Conversation[] = [
  {
    name: 'a request is answered by a reply of several frames',
    steps: [
      ...opening('REQ', 'REP'),
      ['>', join(frame(1, ''), frame(1, 'head'), frame(0, 'hello'))],
      ['<', join(frame(1, ''), frame(1, 'one'), frame(0, 'two'))],
    ],
    calls: [
      ...opened('REQ', 'REP'),
      'request server | messaging.operation.name=request deepflow.zmtp.command=MESSAGE deepflow.zmtp.socket_type=REQ',
    ],
  },
  {
    name: 'what is published has its topic; a message of several frames is one call',
    steps: [
      ...opening('SUB', 'PUB'),
      ['>', command('SUBSCRIBE', 'weather')],
      ['<', join(frame(1, 'weather'), frame(0, 'rain'))],
    ],
    calls: [
      ...opened('SUB', 'PUB'),
      'one_way subscribe weather server | messaging.operation.name=subscribe messaging.destination.name=weather deepflow.zmtp.command=SUBSCRIBE',
      'one_way publish weather producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=weather deepflow.zmtp.command=MESSAGE deepflow.zmtp.socket_type=PUB',
    ],
  },
  {
    name: 'version 3.0 subscribes with messages; pings are answered',
    steps: [
      ...opening('SUB', 'PUB', 0),
      ['>', frame(0, '\x01news')],
      ['>', command('PING', '\0\x0act')],
      ['<', command('PONG', 'ct')],
    ],
    calls: [
      ...opened('SUB', 'PUB'),
      'one_way subscribe news server | messaging.operation.name=subscribe messaging.destination.name=news deepflow.zmtp.command=SUBSCRIBE',
      'ping server | messaging.operation.name=ping deepflow.zmtp.command=PING',
    ],
  },
  {
    name: 'PLAIN: a login is refused, however libzmq spells it',
    steps: [
      ['>', greeting('PLAIN')],
      ['<', greeting('PLAIN')],
      ['>', command('HELLO', '\x05admin\x06secret')],
      ['<', join(frame(4, '^RROR\x03400'), command('ERROR', '\x03401'))],
    ],
    calls: [
      'one_way greeting server | messaging.operation.name=greeting deepflow.zmtp.command=GREETING deepflow.zmtp.mechanism=PLAIN',
      'one_way hello server | messaging.operation.name=hello deepflow.zmtp.command=HELLO',
      'one_way !error server | messaging.operation.name=error deepflow.zmtp.command=ERROR error.type=ERROR',
      'one_way !error server | messaging.operation.name=error deepflow.zmtp.command=ERROR error.type=ERROR',
    ],
  },
  {
    name: 'CURVE: the names are all there is to see',
    steps: [
      ['>', greeting('CURVE')],
      ['<', greeting('CURVE')],
      ['>', command('INITIATE', Buffer.alloc(100, 9))],
      ['<', command('MESSAGE', Buffer.alloc(40, 7))],
    ],
    calls: [
      'one_way greeting server | messaging.operation.name=greeting deepflow.zmtp.command=GREETING deepflow.zmtp.mechanism=CURVE',
      'one_way initiate server | messaging.operation.name=initiate deepflow.zmtp.command=INITIATE',
      'one_way send producer | messaging.operation.name=send messaging.operation.type=send deepflow.zmtp.command=MESSAGE',
    ],
  },
  {
    name: 'version 2.0 tells its socket in the greeting',
    steps: [
      ['>', join(0xff, Buffer.alloc(7), 1, 0x7f, 1, 3, frame(0, ''))],
      ['<', join(0xff, Buffer.alloc(7), 1, 0x7f, 1, 4, frame(0, ''))],
      ['>', join(frame(1, ''), frame(0, 'hello'))],
      ['<', join(frame(1, ''), frame(0, 'world'))],
    ],
    calls: [
      'one_way greeting server | messaging.operation.name=greeting deepflow.zmtp.command=GREETING deepflow.zmtp.socket_type=REQ',
      'request server | messaging.operation.name=request deepflow.zmtp.command=MESSAGE deepflow.zmtp.socket_type=REQ',
    ],
  },
];

testConversations(zmtp, conversations, 3000, ['messaging.system=zeromq']);

test('a large frame is one message, and the call has the size of all frames', () => {
  const large = join(2, u64(1_000_000), Buffer.alloc(1_000_000));
  const stream = play(zmtp, [...opening('REQ', 'REP'), ['>', join(frame(1, ''), large)], ['<', frame(0, 'ok')]], 1400);
  assert.deepEqual([stream.calls[3]!.outcome, stream.calls[3]!.request?.sizeBytes], ['answered', 1_000_011]);
});

test('after lost bytes reading goes on behind the message that may have begun before', () => {
  const stream = play(zmtp, opening('PUSH', 'PULL'));
  const before = stream.messages.length;
  stream.gap(0, 100);
  stream.client('somewhere in a frame');
  stream.client(join(frame(1, 'second'), frame(0, 'third')));
  stream.client(join(frame(1, 'one'), frame(0, 'two')));
  assert.deepEqual(
    stream.messages.slice(before).map((message) => message.textFact('payloadText')),
    ['one', 'two'],
  );
});

test('the password is nowhere', () => {
  const facts = play(zmtp, conversations[3]!.steps).messages.map((message) => [...(message.facts ?? [])]);
  assert.doesNotMatch(JSON.stringify(facts), /secret/);
});

for (const [name, data] of [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['a signature of another version', join(0xff, Buffer.alloc(8), 0x7f, 9, 0)],
  ['bytes that begin alike', join(0xff, 0xfb, 1, Buffer.alloc(12))],
] as const) {
  test(`${name} is not ZMTP`, () => {
    assert.equal(play(zmtp, [['>', data]]).messages.length, 0);
  });
}
