/** MongoDB: OP_MSG with its sections and streams, legacy and compressed messages, errors, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import mongodb from './index.ts';
import { decodeSnappyHead } from './snappy.ts';

const i32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeInt32LE(value);
  return out;
};
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
type Value = string | number | boolean | Document | Value[];
interface Document {
  [name: string]: Value;
}

/** BSON of texts, whole numbers, booleans, documents and arrays. */
function bson(document: Document): Buffer {
  const elements = Object.entries(document).map(([name, value]) => {
    if (typeof value === 'string')
      return Buffer.concat([Buffer.from([2]), text(name), i32(value.length + 1), text(value)]);
    if (typeof value === 'number') return Buffer.concat([Buffer.from([0x10]), text(name), i32(value)]);
    if (typeof value === 'boolean') return Buffer.concat([Buffer.from([8]), text(name), Buffer.from([value ? 1 : 0])]);
    if (Array.isArray(value))
      return Buffer.concat([Buffer.from([4]), text(name), bson({ ...(value as unknown as Document) })]);
    return Buffer.concat([Buffer.from([3]), text(name), bson(value)]);
  });
  const body = Buffer.concat(elements);
  return Buffer.concat([i32(body.length + 5), body, Buffer.from([0])]);
}

const message = (opcode: number, id: number, to: number, ...body: Buffer[]): Buffer => {
  const all = Buffer.concat(body);
  return Buffer.concat([i32(all.length + 16), i32(id), i32(to), i32(opcode), all]);
};
const msg = (id: number, to: number, document: Document, flags = 0, before: Buffer = Buffer.alloc(0)): Buffer =>
  message(2013, id, to, i32(flags), before, Buffer.from([0]), bson(document));
const compressed = (id: number, to: number, compressor: number, data: Buffer, size: number): Buffer =>
  message(2012, id, to, i32(2013), i32(size), Buffer.from([compressor]), data);

const spans = ({ calls }: TestStream): string[] =>
  calls.map(
    ({ outcome, span }) =>
      `${outcome === 'answered' ? '' : `${outcome} `}${span.replace('db.system.name=mongodb ', '').replace(' deepflow.mongodb.opcode=OP_MSG', '')}`,
  );

const ok = { ok: 1 };
const find = 'find items server | db.namespace=shop db.operation.name=find db.collection.name=items';
const cases: [name: string, client: Buffer, server: Buffer, expected: string[]][] = [
  [
    'a command and its answer',
    msg(7, 0, { find: 'items', filter: { a: 'x' }, $db: 'shop' }),
    msg(9, 7, { cursor: { firstBatch: [{ ok: 0 }], id: 0 }, ...ok }),
    [find],
  ],
  [
    'answers in any order',
    Buffer.concat([msg(1, 0, { find: 'items', $db: 'shop' }), msg(2, 0, { ping: 1, $db: 'admin' })]),
    Buffer.concat([msg(8, 2, ok), msg(9, 1, ok)]),
    ['ping server | db.namespace=admin db.operation.name=ping', find],
  ],
  [
    'a failure has code, name and text',
    msg(1, 0, { find: 'items', $db: 'shop' }),
    msg(8, 1, { ok: 0, errmsg: 'no such thing', code: 26, codeName: 'NamespaceNotFound' }),
    [`!${find} db.response.status_code=26 deepflow.mongodb.code_name=NamespaceNotFound error.type=26`],
  ],
  [
    'documents may come before the command; nobody answers when more is to come',
    Buffer.concat([
      msg(
        1,
        0,
        { insert: 'items', $db: 'shop' },
        2,
        Buffer.concat([Buffer.from([1]), i32(4 + 10 + bson(ok).length), text('documents'), bson(ok)]),
      ),
    ]),
    Buffer.alloc(0),
    ['one_way insert items server | db.namespace=shop db.operation.name=insert db.collection.name=items'],
  ],
  [
    'a stream of answers is one call',
    msg(1, 0, { getMore: 1, collection: 'items', $db: 'shop' }, 0x10000),
    Buffer.concat([msg(50, 1, ok, 2), msg(51, 50, ok, 2), msg(52, 51, ok)]),
    ['getMore items server | db.namespace=shop db.operation.name=getMore db.collection.name=items'],
  ],
  [
    'legacy queries, answers and writes',
    Buffer.concat([
      message(2004, 1, 0, i32(0), text('admin.$cmd'), i32(0), i32(-1), bson({ isMaster: 1 })),
      message(2004, 2, 0, i32(0), text('shop.items'), i32(0), i32(10), bson({ a: 1 })),
      message(2002, 3, 0, i32(0), text('shop.items'), bson({ a: 1 })),
    ]),
    Buffer.concat([
      message(1, 8, 1, i32(8), i32(0), i32(0), i32(0), i32(1), bson(ok)),
      message(1, 9, 2, i32(2), i32(0), i32(0), i32(0), i32(1), bson({ $err: 'bad query', code: 17287 })),
    ]),
    [
      'one_way insert items server | db.namespace=shop db.operation.name=insert db.collection.name=items deepflow.mongodb.opcode=OP_INSERT',
      'isMaster server | db.namespace=admin db.operation.name=isMaster deepflow.mongodb.opcode=OP_QUERY',
      `!${find} deepflow.mongodb.opcode=OP_QUERY db.response.status_code=17287 error.type=17287`,
    ],
  ],
];

for (const [name, client, server, expected] of cases) {
  for (const pieces of [1, 7, undefined]) {
    test(`${name}, in pieces of ${pieces ?? 'any'} bytes`, () => {
      const stream = createTestStream([mongodb], pieces === undefined ? {} : { pieces });
      stream.client(client);
      stream.server(server);
      assert.deepEqual(spans(stream), expected);
      assert.equal(stream.analysis.counters.lost, 0);
    });
  }
}

const body = Buffer.concat([i32(0), Buffer.from([0]), bson({ find: 'items', $db: 'shop' })]);
/** Snappy by hand: one literal of all bytes. */
const literal = Buffer.concat([Buffer.from([body.length, 60 << 2, body.length - 1]), body]);
for (const [name, compressor, data] of [
  ['noop', 0, body],
  ['snappy', 1, literal],
  ['zlib', 2, deflateSync(body)],
  ['zstd', 3, zstdCompressSync(body)],
] as const) {
  test(`a message compressed by ${name}`, () => {
    const stream = createTestStream([mongodb]);
    stream.client(compressed(1, 0, compressor, data, body.length));
    stream.server(msg(2, 1, ok));
    assert.deepEqual(spans(stream), [`${find} deepflow.mongodb.compressor=${name}`]);
  });
}

test('a compressor that is not known, or lies, leaves the call without its command', () => {
  const stream = createTestStream([mongodb]);
  stream.client(compressed(1, 0, 9, body, body.length));
  stream.client(compressed(2, 0, 2, Buffer.from('garbage'), body.length));
  stream.server(Buffer.concat([msg(8, 1, ok), msg(9, 2, ok)]));
  assert.deepEqual(
    stream.calls.map(({ outcome, request }) => [outcome, request!.facts!.get('unreadable')]),
    [
      ['answered', true],
      ['answered', true],
    ],
  );
});

test('copies of Snappy may run into what they write', () => {
  assert.equal(
    String(decodeSnappyHead(Buffer.from([10, 1 << 2, 0x61, 0x62, (1 << 0) | (4 << 2), 2]), 0, 6, 100)),
    'abababababab'.slice(0, 10),
  );
  assert.equal(decodeSnappyHead(Buffer.from([10, 0, 0x61, 2, 9, 0]), 0, 6, 100), null);
  assert.equal(decodeSnappyHead(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x61]), 0, 7, 100)!.length, 1);
});

test('a trace context in the comment is the call’s', () => {
  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const stream = createTestStream([mongodb]);
  stream.client(msg(1, 0, { find: 'a', comment: `traceparent='${parent}'`, $db: 'shop' }));
  stream.client(msg(2, 0, { find: 'a', comment: { traceparent: parent }, $db: 'shop' }));
  assert.deepEqual(
    stream.messages.map(({ trace }) => trace?.spanId),
    ['00f067aa0ba902b7', '00f067aa0ba902b7'],
  );
});

test('answers of many megabytes pass unseen', () => {
  const stream = createTestStream([mongodb]);
  stream.client(msg(1, 0, { find: 'items', $db: 'shop' }));
  const head = Buffer.concat([
    i32(16_000_000),
    i32(5),
    i32(1),
    i32(2013),
    i32(0),
    Buffer.from([0]),
    i32(15_999_979),
    Buffer.from([3]),
    text('cursor'),
    i32(15_999_000),
  ]);
  stream.server(head);
  const block = Buffer.alloc(1_000_000);
  for (let index = 0; index < 16; index++)
    stream.server(block.subarray(0, index < 15 ? block.length : block.length - head.length));
  assert.deepEqual(spans(stream), [find]);
});

test('bad bytes neither throw nor hang', () => {
  const conversations = cases.map(([, client, server]): [Buffer, Buffer] => [client, server]);
  conversations.push(
    [compressed(1, 0, 1, literal, body.length), msg(2, 1, ok)],
    [compressed(1, 0, 2, deflateSync(body), body.length), msg(2, 1, ok)],
  );
  playHostile(mongodb, conversations, 5000);
});
