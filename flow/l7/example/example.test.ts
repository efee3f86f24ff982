/** Example: calls, errors, long bodies, captures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, u8, u16, u32 } from '../testing/bytes.ts';
import { type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { testGoldens } from '../testing/golden.ts';
import { createTestStream } from '../testing/stream.ts';
import example from './index.ts';

/** Bytes by hand, from the table in parser.ts: never from code that the parser shares. */
const message = (kind: number, code: number, id: number, name: string, body = ''): Buffer =>
  join('EXMP', u8(kind, code), u16(name.length), u32(id), u32(body.length), name, body);

/** What the client sends, what the server answers, the spans that must come of it. */
const exchanges: Exchange[] = [
  [
    'calls are answered by id, in any order',
    [message(1, 0, 1, 'find', 'body'), message(1, 0, 2, 'list')],
    [message(2, 0, 2, ''), message(2, 0, 1, '', 'found')],
    [
      'list server | rpc.system.name=example rpc.method=list deepflow.example.body_size=0 rpc.response.status_code=0',
      'find server | rpc.system.name=example rpc.method=find deepflow.example.body_size=4 rpc.response.status_code=0',
    ],
  ],
  [
    'an error of the server fails its span',
    [message(1, 0, 1, 'find')],
    [message(2, 100, 1, 'disk is full')],
    [
      '!find server | rpc.system.name=example rpc.method=find deepflow.example.body_size=0 rpc.response.status_code=100 error.type=100',
    ],
  ],
];

testConversations(example, exchanges.map(exchange), 3000);

testGoldens(example, `${import.meta.dirname}/captures`);

test('a long body passes unseen', () => {
  const stream = createTestStream([example]);
  const long = join('EXMP', u8(1, 0), u16(3), u32(1), u32(1_000_000), 'put');
  stream.client(long);
  for (let count = 0; count < 10; count++) stream.client(Buffer.alloc(100_000));
  assert.equal(stream.messages[0]?.sizeBytes, long.length + 1_000_000);
});
