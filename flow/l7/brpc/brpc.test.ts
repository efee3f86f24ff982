/** bRPC: calls, errors, attachments, user fields, streams. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, join, u32 } from '../testing/bytes.ts';
import { type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import brpc from './index.ts';

const frame = (meta: Buffer, body = Buffer.from('body'), mark = 'PRPC'): Buffer =>
  join(mark, u32(meta.length + body.length), u32(meta.length), meta, body);

const request = (id: number | bigint, more: Buffer = Buffer.alloc(0), inner: Buffer = Buffer.alloc(0)): Buffer =>
  frame(join(field(1, join(field(1, 'example.EchoService'), field(2, 'Echo'), inner)), field(4, id), more));

const response = (id: number | bigint, result: Buffer = Buffer.alloc(0), more: Buffer = Buffer.alloc(0)): Buffer =>
  frame(join(field(2, result), field(4, id), more));

const call = 'example.EchoService/Echo server | rpc.system.name=brpc rpc.method=example.EchoService/Echo';

const exchanges: Exchange[] = [
  [
    'calls are answered by correlation id',
    [request(1), request(2n ** 60n)],
    [response(2n ** 60n), response(1, field(1, 0))],
    [`${call} rpc.response.status_code=OK`, `${call} rpc.response.status_code=OK`],
  ],
  [
    'an error has a code and a text',
    [request(3)],
    [response(3, join(field(1, 1002), field(2, 'no method')))],
    [`!${call} rpc.response.status_code=ENOMETHOD error.type=ENOMETHOD`],
  ],
  [
    'negative codes, log id, timeout, compression, attachments of both',
    [request(4, join(field(3, 2), field(5, 4)), join(field(3, 77), field(8, 500)))],
    [response(4, field(1, -5n), field(5, 2))],
    [
      `!${call} deepflow.brpc.log_id=77 deepflow.brpc.timeout_ms=500 deepflow.brpc.request.attachment_size=4 deepflow.brpc.compression=gzip deepflow.brpc.response.attachment_size=2 rpc.response.status_code=-5 error.type=-5`,
    ],
  ],
  [
    'a call opens a stream, whose frames are passed over',
    [request(5, field(8, field(1, 9))), frame(field(1, 9), Buffer.alloc(100), 'STRM')],
    [response(5), frame(field(1, 9), Buffer.alloc(50), 'STRM'), frame(field(1, 9), Buffer.alloc(5), 'STRM')],
    [`${call} deepflow.brpc.stream=true rpc.response.status_code=OK`],
  ],
];

testConversations(brpc, exchanges.map(exchange), 3000);

test('its own trace context, and a better one in the user fields', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const own = join(field(4, 0xabcdefn), field(5, 0x12n), field(7, 'request-1'));
  const stream = createTestStream([brpc]);
  stream.client(request(1, Buffer.alloc(0), own));
  stream.client(request(2, field(9, join(field(1, 'traceparent'), field(2, traceparent))), own));
  assert.deepEqual(
    stream.messages.map(({ trace, requestId }) => [trace?.traceId, trace?.spanId, requestId]),
    [
      ['00000000000000000000000000abcdef', '0000000000000012', 'request-1'],
      ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 'request-1'],
    ],
  );
});

test('a body of many megabytes passes unseen', () => {
  const stream = createTestStream([brpc], { pieces: 65_000 });
  const meta = join(field(1, join(field(1, 'S'), field(2, 'M'))), field(4, 1));
  stream.client(join('PRPC', u32(meta.length + 10_000_000), u32(meta.length), meta, Buffer.alloc(10_000_000)));
  stream.server(response(1));
  assert.equal(stream.calls[0]?.request?.sizeBytes, 12 + meta.length + 10_000_000);
  assert.equal(stream.analysis.windows.usedBytes, 0);
});
