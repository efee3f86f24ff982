/** Redis: commands and replies of RESP2 and RESP3, pushed messages, secrets, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import redis from './index.ts';

const command = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

const spans = ({ calls }: TestStream): string[] =>
  calls.map(
    ({ outcome, span }) => `${outcome === 'answered' ? '' : `${outcome} `}${span.replace('db.system.name=redis ', '')}`,
  );

/** Client, server, spans of the calls. */
const cases: [name: string, client: string, server: string, expected: string[]][] = [
  [
    'a read shows its arguments',
    command('LRANGE', 'mylist', '0', '299'),
    '*2\r\n$1\r\na\r\n$1\r\nb\r\n',
    ['LRANGE server | db.operation.name=LRANGE db.query.text=LRANGE mylist 0 299 deepflow.redis.reply_type=Array'],
  ],
  [
    'a write hides its values and shows its keys',
    command('HSET', 'h', 'f1', 'secret', 'f2', 'x y'),
    ':2\r\n',
    ['HSET server | db.operation.name=HSET db.query.text=HSET h f1 ? f2 ? deepflow.redis.reply_type=Integer'],
  ],
  [
    'pipelined commands get their replies in order',
    command('get', 'a') + command('SET', 'b', 'v', 'EX', '10') + command('LPUSH', 'l', '1', '2', '3'),
    '$-1\r\n+OK\r\n-WRONGTYPE Operation against a key\r\n',
    [
      'get server | db.operation.name=get db.query.text=get a deepflow.redis.reply_type=BulkString',
      'SET server | db.operation.name=SET db.query.text=SET b ? EX 10 deepflow.redis.reply_type=SimpleString',
      '!LPUSH server | db.operation.name=LPUSH db.query.text=LPUSH l ? db.response.status_code=WRONGTYPE error.type=WRONGTYPE',
    ],
  ],
  [
    'container commands are two words',
    command('CONFIG', 'GET', 'maxmemory') + command('CONFIG', 'SET', 'requirepass', 'hunter2'),
    '*0\r\n+OK\r\n',
    [
      'CONFIG GET server | db.operation.name=CONFIG GET db.query.text=CONFIG GET maxmemory deepflow.redis.reply_type=Array',
      'CONFIG SET server | db.operation.name=CONFIG SET db.query.text=CONFIG SET requirepass ? deepflow.redis.reply_type=SimpleString',
    ],
  ],
  [
    'commands typed by hand',
    `${command('SELECT', '3')}PING\r\n`,
    '+OK\r\n+PONG\r\n',
    [
      'SELECT server | db.operation.name=SELECT db.query.text=SELECT 3 deepflow.redis.reply_type=SimpleString',
      'PING server | db.operation.name=PING db.query.text=PING deepflow.redis.reply_type=SimpleString',
    ],
  ],
  [
    'a transaction is a batch',
    command('MULTI') + command('INCR', 'a') + command('INCR', 'b') + command('EXEC'),
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n',
    [
      'MULTI server | db.operation.name=MULTI db.query.text=MULTI deepflow.redis.reply_type=SimpleString',
      'INCR server | db.operation.name=INCR db.query.text=INCR a deepflow.redis.reply_type=SimpleString',
      'INCR server | db.operation.name=INCR db.query.text=INCR b deepflow.redis.reply_type=SimpleString',
      'MULTI server | db.operation.name=MULTI db.operation.batch.size=2 db.query.text=EXEC deepflow.redis.reply_type=Array',
    ],
  ],
  [
    'RESP3: attributes, maps, nested and streamed values, chunks, errors of any length',
    command('HELLO', '3', 'AUTH', 'me', 'hunter2') + command('A', 'x').repeat(7),
    '|1\r\n+ttl\r\n*1\r\n:1\r\n%2\r\n+a\r\n*2\r\n:1\r\n,1.5\r\n$1\r\nb\r\n~1\r\n#t\r\n' +
      '_\r\n(123\r\n=7\r\ntxt:abc\r\n!5\r\nERR x\r\n*?\r\n:1\r\n*?\r\n.\r\n.\r\n$?\r\n;2\r\nab\r\n;0\r\n,inf\r\n',
    [
      'HELLO server | db.operation.name=HELLO db.query.text=HELLO 3 AUTH ? deepflow.redis.reply_type=Map',
      'A server | db.operation.name=A db.query.text=A x deepflow.redis.reply_type=Null',
      'A server | db.operation.name=A db.query.text=A x deepflow.redis.reply_type=BigNumber',
      'A server | db.operation.name=A db.query.text=A x deepflow.redis.reply_type=VerbatimString',
      '!A server | db.operation.name=A db.query.text=A x db.response.status_code=ERR error.type=ERR',
      'A server | db.operation.name=A db.query.text=A x deepflow.redis.reply_type=Array',
      'A server | db.operation.name=A db.query.text=A x deepflow.redis.reply_type=BulkString',
      'A server | db.operation.name=A db.query.text=A x deepflow.redis.reply_type=Double',
    ],
  ],
  [
    'subscriptions: every channel is confirmed, messages are pushed',
    command('SUBSCRIBE', 'news', 'sport'),
    '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$5\r\nsport\r\n:2\r\n' +
      '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n>4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n',
    [
      'SUBSCRIBE server | db.operation.name=SUBSCRIBE db.query.text=SUBSCRIBE news sport deepflow.redis.reply_type=Array',
      'one_way message server | db.operation.name=message deepflow.redis.channel=news',
      'one_way pmessage server | db.operation.name=pmessage deepflow.redis.channel=news',
    ],
  ],
  [
    'MONITOR tells what others send',
    command('MONITOR'),
    '+OK\r\n+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"\r\n',
    [
      'MONITOR server | db.operation.name=MONITOR db.query.text=MONITOR deepflow.redis.reply_type=SimpleString',
      'one_way MONITOR server | db.operation.name=MONITOR',
    ],
  ],
  [
    'commands without a reply are one-way',
    command('CLIENT', 'REPLY', 'OFF') + command('SET', 'a', 'b') + command('CLIENT', 'REPLY', 'ON'),
    '+OK\r\n',
    [
      'one_way CLIENT REPLY server | db.operation.name=CLIENT REPLY db.query.text=CLIENT REPLY OFF',
      'one_way SET server | db.operation.name=SET db.query.text=SET a ?',
      'CLIENT REPLY server | db.operation.name=CLIENT REPLY db.query.text=CLIENT REPLY ON deepflow.redis.reply_type=SimpleString',
    ],
  ],
];

for (const [name, client, server, expected] of cases) {
  for (const pieces of [1, 7, undefined]) {
    test(`${name}, in pieces of ${pieces ?? 'any'} bytes`, () => {
      const stream = createTestStream([redis], pieces === undefined ? {} : { pieces });
      stream.client(client);
      stream.server(server);
      stream.close();
      assert.deepEqual(spans(stream), expected);
      assert.equal(stream.analysis.counters.lost, 0);
    });
  }
}

test('values of many megabytes pass unseen', () => {
  const stream = createTestStream([redis]);
  stream.client('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$50000000\r\n');
  const block = Buffer.alloc(1_000_000);
  for (let index = 0; index < 50; index++) stream.client(block);
  stream.client('\r\n');
  stream.server('+OK\r\n');
  stream.client(command('GET', 'k'));
  stream.server('$50000000\r\n');
  for (let index = 0; index < 50; index++) stream.server(block);
  assert.equal(stream.calls.length, 1);
  stream.server('\r\n');
  assert.equal(stream.calls.length, 2);
  assert.ok(stream.calls[0]!.request!.sizeBytes > 50_000_000);
  assert.ok(stream.calls[1]!.response!.sizeBytes > 50_000_000);
});

test('a command of more arguments than the window holds is one call', () => {
  const stream = createTestStream([redis], { pieces: 1460 });
  const words = Array.from({ length: 50_000 }, (_, index) => `key:${index}`);
  stream.client(command('MGET', ...words));
  stream.server(`*50000\r\n${'$1\r\nv\r\n'.repeat(50_000)}`);
  assert.equal(stream.calls.length, 1);
  assert.equal(stream.calls[0]!.response!.sizeBytes, 8 + 7 * 50_000);
  assert.ok(stream.calls[0]!.request!.resource.length < 20_000);
});

test('a password is nowhere, even when values are shown', () => {
  const stream = createTestStream([redis], { obfuscate: false });
  stream.client(command('AUTH', 'hunter2') + command('SET', 'k', 'shown'));
  stream.server('+OK\r\n+OK\r\n');
  assert.deepEqual(
    stream.messages.filter(({ side }) => side === 0).map(({ resource }) => resource),
    ['AUTH ?', 'SET k shown'],
  );
});

test('reading goes on after lost bytes', () => {
  const stream = createTestStream([redis]);
  stream.client(command('GET', 'a'));
  stream.server('*2\r\n$3\r\nab');
  stream.gap(1, 100);
  stream.server('cdefgh\r\n');
  // Whose reply this is cannot be known; the next turn of the connection can be trusted again.
  stream.server('$1\r\nb\r\n');
  stream.client(command('GET', 'c'));
  stream.server('$1\r\nc\r\n');
  assert.deepEqual(
    stream.calls.map(({ outcome, request }) => [outcome, request?.resource]),
    [
      ['unanswered', 'GET a'],
      ['unmatched_response', undefined],
      ['answered', 'GET c'],
    ],
  );
});

test('the database is told once a SELECT was answered', () => {
  const stream = createTestStream([redis]);
  stream.client(command('SELECT', '3'));
  stream.server('+OK\r\n');
  stream.client(command('GET', 'a'));
  stream.server('$-1\r\n');
  assert.match(stream.calls[1]!.span, /db.namespace=3/);
});

test('a connection joined in a reply is recognised, its client too', () => {
  const stream = createTestStream([redis], { serverPort: 6379 });
  stream.server('$3\r\nabc\r\n');
  stream.client(command('GET', 'b'));
  stream.server('$1\r\nb\r\n');
  assert.deepEqual(
    stream.calls.map(({ outcome }) => outcome),
    ['unmatched_response', 'answered'],
  );
});

test('an answer cut off by the end of the connection is told as far as it came', () => {
  const stream = createTestStream([redis]);
  stream.client(command('LRANGE', 'l', '0', '9'));
  stream.server('*5\r\n$1\r\na\r\n');
  stream.finish(1);
  assert.deepEqual(
    stream.calls.map(({ outcome, response }) => [outcome, response!.complete]),
    [['answered', false]],
  );
});

test('bad bytes neither throw nor hang', () => {
  playHostile(
    redis,
    cases.map(([, client, server]) => [Buffer.from(client, 'latin1'), Buffer.from(server, 'latin1')]),
    5000,
  );
});
