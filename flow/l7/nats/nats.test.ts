/** NATS: greeting, pings both ways, messages with and without headers, errors, large payloads, what is not NATS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import redis from '../redis/index.ts';
import { type Conversation, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import nats from './index.ts';

const info = 'INFO {"server_id":"ID","server_name":"s1","version":"2.10.7","headers":true} \r\n';
const connect = 'CONNECT {"verbose":false,"pass":"secret","name":"app","lang":"go"}\r\n';
const greeting = [
  ['<', info],
  ['>', connect],
] as const;
const greeted =
  'connect server | messaging.operation.name=connect deepflow.nats.verb=INFO messaging.client.id=app deepflow.nats.server_version=2.10.7';
const headers = 'NATS/1.0\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n';

const conversations: Conversation[] = [
  {
    name: 'the greeting, and pings of both ends at once',
    steps: [...greeting, ['>', 'PING\r\n'], ['<', 'PING\r\n'], ['>', 'PONG\r\n'], ['<', 'PONG\r\n']],
    calls: [
      greeted,
      'ping server | messaging.operation.name=ping deepflow.nats.verb=PING messaging.client.id=app',
      'ping server | messaging.operation.name=ping deepflow.nats.verb=PING messaging.client.id=app',
    ],
  },
  {
    name: 'a reply to an inbox answers the request that named it, at the asking and at the answering end',
    steps: [
      ...greeting,
      ['>', 'SUB orders.new workers 7\r\npub orders.new _INBOX.ab1.x 5\r\nhello\r\n'],
      ['<', 'MSG orders.new 7 _INBOX.ab1.x 5\r\nhello\r\n'],
      ['>', 'PUB _INBOX.ab1.x 0\r\n\r\nUNSUB 7 1\r\n'],
      ['<', 'MSG _INBOX.ab1.x 3 0\r\n\r\n'],
    ],
    calls: [
      greeted,
      'one_way subscribe orders.new server | messaging.operation.name=subscribe messaging.destination.name=orders.new deepflow.nats.verb=SUB messaging.client.id=app messaging.consumer.group.name=workers deepflow.nats.sid=7',
      'deliver orders.new consumer | messaging.operation.name=deliver messaging.operation.type=receive messaging.destination.name=orders.new deepflow.nats.verb=MSG messaging.client.id=app deepflow.nats.sid=7 deepflow.nats.reply_to=_INBOX.ab1.x messaging.message.body.size=5',
      'one_way unsubscribe server | messaging.operation.name=unsubscribe deepflow.nats.verb=UNSUB messaging.client.id=app deepflow.nats.sid=7',
      'publish orders.new producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=orders.new deepflow.nats.verb=PUB messaging.client.id=app deepflow.nats.reply_to=_INBOX.ab1.x messaging.message.body.size=5',
    ],
  },
  {
    name: 'headers count apart from the payload; nobody listens is a failure',
    steps: [
      ...greeting,
      ['>', `HPUB a.b ${headers.length} ${headers.length + 3}\r\n${headers}abc\r\n`],
      ['<', 'HMSG _INBOX.x 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n'],
      ['<', '-ERR \'Permissions Violation for Publish to "a.b"\'\r\n'],
    ],
    calls: [
      greeted,
      'one_way publish a.b producer | messaging.operation.name=publish messaging.operation.type=send messaging.destination.name=a.b deepflow.nats.verb=HPUB messaging.client.id=app messaging.message.body.size=3',
      'one_way !deliver consumer | messaging.operation.name=deliver messaging.operation.type=receive messaging.destination.name=_INBOX.x deepflow.nats.verb=HMSG messaging.client.id=app deepflow.nats.sid=1 messaging.message.body.size=0 messaging.destination.temporary=true deepflow.nats.status_code=503 error.type=503',
      'one_way !error server | messaging.operation.name=error deepflow.nats.verb=-ERR messaging.client.id=app error.type=Permissions Violation',
    ],
  },
];

testConversations(nats, conversations, 3000, ['messaging.system=nats']);

test('headers carry the trace context', () => {
  const stream = play(nats, conversations[2]!.steps);
  assert.equal(stream.messages[2]!.trace?.traceId, '0af7651916cd43dd8448eb211c80319c');
});

test('a large payload passes unseen', () => {
  const stream = play(nats, [...greeting, ['>', `PUB big 1000000\r\n${'x'.repeat(1e6)}\r\nPING\r\n`]], 1400);
  assert.deepEqual(stream.messages.map(({ method, sizeBytes }) => [method, sizeBytes]).slice(2), [
    ['PUB', 1_000_019],
    ['PING', 6],
  ]);
});

test('a second INFO waits for nothing', () => {
  const stream = play(nats, [...greeting, ['<', info]]);
  assert.equal(stream.calls.at(-1)!.outcome, 'one_way');
});

test('secrets of CONNECT are nowhere', () => {
  const stream = play(nats, greeting);
  assert.doesNotMatch(stream.calls[0]!.span, /secret/);
});

test('joined late: a line with sizes is enough, and after lost bytes reading goes on', () => {
  const stream = createTestStream([nats], { serverPort: 20_000 });
  stream.client('PUB a 100\r\nxxx');
  stream.gap(0, 97);
  stream.client('\r\nPUB b 1\r\nx\r\n');
  stream.client('PUB c 1\r\nx\r\n');
  stream.close();
  assert.deepEqual(
    stream.messages.map(({ resource }) => resource),
    ['a', 'b', 'c'],
  );
});

test('a ping tells nothing: the answer does, on any port', () => {
  const answers: [string, string][] = [
    ['PONG\r\n', 'nats'],
    ['+PONG\r\n', 'redis'],
  ];
  for (const [answer, expected] of answers) {
    const stream = createTestStream([redis, nats], { serverPort: 20_000 });
    stream.client('PING\r\n');
    stream.server(answer);
    assert.deepEqual(
      stream.calls.map(({ protocol, outcome }) => `${protocol} ${outcome}`),
      [`${expected} answered`],
    );
  }
});

for (const [name, data] of [
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ['HTTP CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\n\r\n'],
  ['a Redis ping', 'PING\r\n'],
  ['a Redis reply', '+OK\r\n'],
  ['SMTP', 'MAIL FROM:<a@b>\r\n'],
  ['FTP with a like verb', 'SUB me\r\n'],
] as const) {
  test(`${name} is not NATS`, () => {
    const stream = createTestStream([nats], { serverPort: 20_000 });
    stream.client(data);
    assert.equal(stream.messages.length, 0);
  });
}
