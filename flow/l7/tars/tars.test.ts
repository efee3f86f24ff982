/** Tars and TUP: calls, errors, one-way calls, every type of field, contexts, long buffers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, join, u8, u32 } from '../testing/bytes.ts';
import { callLines, type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import { TarsFields } from './fields.ts';
import tars from './index.ts';

const packet = (...fields: Buffer[]): Buffer => {
  const body = join(...fields);
  return join(u32(body.length + 4), body);
};
/** Fields by tag: texts of one byte's length, small numbers, the number 0, bytes, maps of texts. */
const text = (tag: number, value: string): Buffer => join(u8((tag << 4) | 6, value.length), value);
const int = (tag: number, value: number): Buffer =>
  value === 0 ? u8((tag << 4) | 12) : u8((tag << 4) | 1, (value >> 8) & 0xff, value & 0xff);
const bytesField = (tag: number, value: Buffer): Buffer => join(u8((tag << 4) | 13, 0), int(0, value.length), value);
const map = (tag: number, entries: Record<string, string>): Buffer =>
  join(
    u8((tag << 4) | 8),
    int(0, Object.keys(entries).length),
    ...Object.entries(entries).map(([key, value]) => join(text(0, key), text(1, value))),
  );

function request(
  id: number,
  method: string,
  { type = 0, version = 1, buffer = Buffer.from('hi'), context = {}, status = {} } = {},
): Buffer {
  return packet(
    u8(0x10, version),
    int(2, type),
    int(3, 0),
    int(4, id),
    text(5, 'app.server.HelloObj'),
    text(6, method),
    bytesField(7, buffer),
    int(8, 3000),
    map(9, context),
    map(10, status),
  );
}

function response(id: number, code: number, description = ''): Buffer {
  const tail = description === '' ? [] : [text(8, description)];
  return packet(
    u8(0x10, 1),
    int(2, 0),
    int(3, id),
    int(4, 0),
    int(5, code),
    bytesField(6, Buffer.from('ok')),
    map(7, {}),
    ...tail,
  );
}

const call = (method: string): string =>
  `app.server.HelloObj/${method} server | rpc.system.name=tars rpc.method=app.server.HelloObj/${method} deepflow.tars.timeout_ms=3000`;

const exchanges: Exchange[] = [
  [
    'calls are answered by id, in any order',
    [request(7, 'hello'), request(8, 'bye')],
    [response(8, 0), response(7, 0)],
    [
      `${call('bye')} rpc.response.status_code=TARSSERVERSUCCESS`,
      `${call('hello')} rpc.response.status_code=TARSSERVERSUCCESS`,
    ],
  ],
  [
    'codes of the framework and of the service',
    [request(1, 'none'), request(2, 'own')],
    [response(1, -3), response(2, 42, 'no such user')],
    [
      `!${call('none')} rpc.response.status_code=TARSSERVERNOFUNCERR error.type=TARSSERVERNOFUNCERR`,
      `!${call('own')} rpc.response.status_code=42 error.type=42`,
    ],
  ],
  ['a one-way call', [request(3, 'log', { type: 1 })], [], [`one_way ${call('log')}`]],
  [
    'the answer of TUP has the form of a request',
    [request(4, 'tup', { version: 3 })],
    [request(4, 'tup', { version: 3, status: { STATUS_RESULT_CODE: '-6', STATUS_RESULT_DESC: 'queue' } })],
    [`!${call('tup')} rpc.response.status_code=TARSSERVERQUEUETIMEOUT error.type=TARSSERVERQUEUETIMEOUT`],
  ],
];

testConversations(tars, exchanges.map(exchange), 3000);

test('trace contexts in the context and in the status', () => {
  const stream = createTestStream([tars]);
  stream.client(
    request(1, 'a', { context: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } }),
  );
  stream.client(request(2, 'b', { status: { STATUS_TRACE_KEY: 'f.2-ee824ad0eb4dacf56b29d230a229c584|0300|0300' } }));
  assert.deepEqual(
    stream.messages.map(({ trace }) => [trace?.traceId, trace?.spanId]),
    [
      ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'],
      ['ee824ad0eb4dacf56b29d230a229c584', '0300'],
    ],
  );
});

test('a long buffer passes unseen, and the call is complete with its last byte', () => {
  const stream = createTestStream([tars]);
  const long = packet(
    ...[u8(0x10, 1), int(2, 0), int(3, 0), int(4, 5), text(5, 'app.server.HelloObj'), text(6, 'put')],
    ...[u8(0x7d, 0), u8(0x02), u32(3_000_000), Buffer.alloc(3_000_000)],
  );
  for (let at = 0; at < long.length; at += 100_000) {
    assert.equal(stream.messages.length, 0);
    stream.client(long.subarray(at, at + 100_000));
  }
  assert.equal(stream.messages[0]?.method, 'put');
  assert.equal(stream.messages[0]?.sizeBytes, long.length);
  assert.equal(stream.messages[0]?.frameLength, long.length);
});

test('every type of field is passed', () => {
  const all = join(
    hex('00 01  01 0001  02 00000001  03 0000000000000001  04 00000000  05 0000000000000000'),
    hex(
      '06 01 61  07 00000001 61  08 00 01 06 01 6b 16 01 76  09 00 02 00 01 00 02  0a 00 01 0b  0c  0d 00 00 02 6162',
    ),
    hex('f0 20 07'),
  );
  const fields = new TarsFields(all, 0, all.length);
  let count = 0;
  while (fields.next()) {
    assert.ok(fields.skip(), `field ${count}`);
    count++;
  }
  assert.deepEqual([count, fields.tag, fields.at], [14, 0x20, all.length]);
});

test('nesting without end is given up', () => {
  const deep = Buffer.alloc(10_000, 0x0a);
  const fields = new TarsFields(deep, 0, deep.length);
  assert.ok(fields.next());
  assert.equal(fields.skip(), false);
});

test('a connection joined in the middle is found again', () => {
  const stream = createTestStream([tars]);
  stream.server(response(9, 0).subarray(5));
  stream.server(response(10, 0));
  stream.client(request(11, 'hello'));
  stream.server(response(11, 0));
  assert.deepEqual(
    callLines(stream).map((line) => line.split(' ', 1)[0]),
    ['unmatched_response', 'app.server.HelloObj/hello'],
  );
});
