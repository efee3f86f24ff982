/** Memcached: text, meta and binary protocol, quiet commands, data blocks that pass unseen, UDP, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import memcached from './index.ts';

const binary = (
  magic: number,
  opcode: number,
  opaque: number,
  key = '',
  value = '',
  extras = '',
  status = 0,
): string => {
  const head = Buffer.alloc(24);
  head[0] = magic;
  head[1] = opcode;
  head.writeUInt16BE(key.length, 2);
  head[4] = extras.length;
  head.writeUInt16BE(status, 6);
  head.writeUInt32BE(extras.length + key.length + value.length, 8);
  head.writeUInt32BE(opaque, 12);
  return head.toString('latin1') + extras + key + value;
};

const seen = ({ calls }: TestStream): string[] =>
  calls.map(
    ({ outcome, request, response }) =>
      `${outcome} ${request?.resource} → ${response?.textFact('implied') ? 'silence' : (response?.result ?? '')}`,
  );

const cases: [name: string, client: string, server: string, expected: string[]][] = [
  [
    'a hit and a miss',
    'get a\r\nget b \r\n',
    'VALUE a 0 3\r\nfoo\r\nEND\r\nEND\r\n',
    ['answered get a → VALUE a 0 3', 'answered get b → END'],
  ],
  [
    'many keys, one call',
    'gets a b c\r\n',
    'VALUE a 0 5 7\r\nEND\r\n\r\nVALUE c 0 1 8\r\nx\r\nEND\r\n',
    ['answered gets a b c → VALUE a 0 5 7'],
  ],
  [
    'stores, pipelined, with and without a reply',
    'set a 0 0 7\r\nget b\r\n\r\nset b 0 0 1 noreply\r\nx\r\ncas c 1 2 3 4\r\nabc\r\nincr n 5\r\nquit\r\n',
    'STORED\r\nEXISTS\r\n15\r\n',
    [
      'one_way set b 0 0 1 noreply → ',
      'answered set a 0 0 7 → STORED',
      'answered cas c 1 2 3 4 → EXISTS',
      'answered incr n 5 → 15',
    ],
  ],
  [
    'statistics, version, errors',
    'stats\r\nversion\r\nget x\r\nset k 0 0 1\r\nv\r\n',
    'STAT pid 1\r\nSTAT x y\r\nEND\r\nVERSION 1.6.1\r\nCLIENT_ERROR bad\r\nSERVER_ERROR out of memory storing object\r\n',
    [
      'answered stats → STAT pid 1',
      'answered version → VERSION 1.6.1',
      'answered get x → CLIENT_ERROR bad',
      'answered set k 0 0 1 → SERVER_ERROR out of memory storing object',
    ],
  ],
  [
    'meta commands, quiet ones too',
    'mg a v q O1 k\r\nmg b v q O2 k\r\nms c 2 q O3\r\nhi\r\nmn\r\nmd d\r\nme e\r\n',
    'VA 2 O2 kb\r\nhi\r\nMN\r\nHD\r\nEN\r\n',
    [
      'answered mg a v q O1 k → silence',
      'answered mg b v q O2 k → VA 2 O2 kb',
      'answered ms c 2 q O3 → silence',
      'answered mn → MN',
      'answered md d → HD',
      'answered me e → EN',
    ],
  ],
  [
    'binary: values, misses, quiet commands, statistics',
    binary(0x80, 0, 1, 'k') +
      binary(0x80, 9, 2, 'a') +
      binary(0x80, 9, 3, 'b') +
      binary(0x80, 0x0a, 4) +
      binary(0x80, 1, 5, 'k', 'value', 'xxxxxxxx') +
      binary(0x80, 0x10, 6),
    binary(0x81, 0, 1, '', 'foo', 'flag') +
      binary(0x81, 9, 3, '', 'v', 'flag') +
      binary(0x81, 0x0a, 4) +
      binary(0x81, 1, 5, '', 'Too large.', '', 3) +
      binary(0x81, 0x10, 6, 'pid', '1') +
      binary(0x81, 0x10, 6),
    [
      'answered get k → NO_ERROR',
      'answered getq a → silence',
      'answered getq b → NO_ERROR',
      'answered noop → NO_ERROR',
      'answered set k → VALUE_TOO_LARGE',
      'answered stat → NO_ERROR',
    ],
  ],
];

for (const [name, client, server, expected] of cases) {
  for (const pieces of [1, 7, undefined]) {
    test(`${name}, in pieces of ${pieces ?? 'any'} bytes`, () => {
      const stream = createTestStream([memcached], { serverPort: 11211, ...(pieces === undefined ? {} : { pieces }) });
      stream.client(client);
      stream.server(server);
      assert.deepEqual(seen(stream), expected);
      assert.equal(stream.analysis.counters.lost, 0);
    });
  }
}

test('a call as a span, and a failed one', () => {
  const stream = createTestStream([memcached]);
  stream.client('get a\r\nset k 0 0 1\r\nv\r\n');
  stream.server('VALUE a 0 3\r\nfoo\r\nEND\r\nSERVER_ERROR busy\r\n');
  assert.deepEqual(
    stream.calls.map(({ span }) => span),
    [
      'get server | db.system.name=memcached db.operation.name=get db.query.text=get a deepflow.memcached.result=VALUE deepflow.memcached.values=1',
      '!set server | db.system.name=memcached db.operation.name=set db.query.text=set k 0 0 1 deepflow.memcached.result=SERVER_ERROR db.response.status_code=SERVER_ERROR error.type=SERVER_ERROR',
    ],
  );
});

test('values of many megabytes pass unseen', () => {
  const stream = createTestStream([memcached]);
  const block = Buffer.alloc(1_000_000, 0x0a);
  stream.client('set k 0 0 20000000\r\n');
  for (let index = 0; index < 20; index++) stream.client(block);
  stream.client('\r\nget k\r\n');
  stream.server('STORED\r\nVALUE k 0 20000000\r\n');
  for (let index = 0; index < 20; index++) stream.server(block);
  assert.equal(stream.calls.length, 1);
  stream.server('\r\nEND\r\n');
  assert.equal(stream.calls.length, 2);
});

test('a line longer than the window is one call', () => {
  const stream = createTestStream([memcached], { pieces: 1460 });
  stream.client('version\r\n');
  stream.server('VERSION 1\r\n');
  stream.client(`get ${'key '.repeat(50_000)}\r\nget a\r\n`);
  stream.server('END\r\nEND\r\n');
  assert.deepEqual(
    stream.calls.map(({ request }) => request!.resource.slice(0, 7)),
    ['version', 'get key', 'get a'],
  );
});

test('over UDP, by the id of the request', () => {
  const stream = createTestStream([memcached], { transport: 'udp', serverPort: 11211 });
  const datagram = (id: number, sequence: number, text: string): string =>
    `\0${String.fromCharCode(id)}\0${String.fromCharCode(sequence)}\0\x02\0\0${text}`;
  stream.client(datagram(1, 0, 'get a\r\n'));
  stream.client(datagram(2, 0, 'get b\r\n'));
  stream.server(datagram(2, 0, 'VALUE b 0 2000\r\nxxxx'));
  stream.server(datagram(2, 1, 'xxxx\r\nEND\r\n'));
  stream.server(datagram(1, 0, 'END\r\n'));
  assert.deepEqual(seen(stream), ['answered get b → VALUE b 0 2000', 'answered get a → END']);
});

test('an answer cut off by the end of the connection is told as far as it came', () => {
  const stream = createTestStream([memcached]);
  stream.client('get a b\r\n');
  stream.server('VALUE a 0 1\r\nx\r\n');
  stream.finish(1);
  assert.deepEqual(
    stream.calls.map(({ outcome, response }) => [outcome, response!.complete]),
    [['answered', false]],
  );
});

test('bad bytes neither throw nor hang', () => {
  const conversations = cases.map(([, client, server]): [Buffer, Buffer] => [
    Buffer.from(client, 'latin1'),
    Buffer.from(server, 'latin1'),
  ]);
  playHostile(memcached, conversations, 5000);
  playHostile(
    memcached,
    [
      [
        Buffer.from('\0\x01\0\0\0\x01\0\0get a\r\n', 'latin1'),
        Buffer.from('\0\x01\0\0\0\x01\0\0VALUE a 0 2\r\nxx\r\nEND\r\n', 'latin1'),
      ],
    ],
    1000,
    'udp',
  );
});

test('joined in the middle, an answer to a request that was not seen is not given to another', () => {
  const stream = createTestStream([memcached], { serverPort: 11211 });
  Object.assign(stream.identity, { isOlder: true });
  stream.client('get b\r\n');
  stream.server('VALUE a 0 1\r\nx\r\nEND\r\n');
  stream.server('VALUE b 0 1\r\ny\r\nEND\r\n');
  stream.client('get c d\r\n');
  stream.server('VALUE d 0 1\r\ny\r\nEND\r\n');
  assert.deepEqual(
    stream.calls.map(({ outcome, request }) => `${outcome} ${request?.resource ?? ''}`),
    ['unanswered get b', 'unmatched_response ', 'unmatched_response ', 'answered get c d'],
  );
});
