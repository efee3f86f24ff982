/** kRPC: calls, errors, what the server asks, trace contexts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, join, u16, u32 } from '../testing/bytes.ts';
import { type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import krpc from './index.ts';

const frame = (meta: Buffer, body = Buffer.from('body')): Buffer =>
  join('KR', u16(meta.length), u32(meta.length + body.length), meta, body);

const meta = (direction: number, sequence: number, ...more: Buffer[]): Buffer =>
  frame(join(field(1, direction), field(2, 455), field(3, 30), field(4, sequence), ...more));

const call = '455/30 server | rpc.system.name=krpc rpc.method=455/30';

const exchanges: Exchange[] = [
  [
    'calls are answered by sequence',
    [meta(1, 1, field(5, 30_000)), meta(1, 2)],
    [meta(2, 2), meta(2, 1)],
    [`${call} rpc.response.status_code=0`, `${call} deepflow.krpc.timeout_ms=30000 rpc.response.status_code=0`],
  ],
  [
    'an error code fails the call',
    [meta(1, 3)],
    [meta(2, 3, field(6, -604n))],
    [`!${call} rpc.response.status_code=-604 error.type=-604`],
  ],
  [
    'what the server asks is a call of its own',
    [meta(1, 4)],
    [meta(1, 4)],
    [`unanswered ${call}`, `unanswered ${call.replace('server', 'client')}`],
  ],
];

testConversations(krpc, exchanges.map(exchange), 3000);

test('the trace context is read', () => {
  const stream = createTestStream([krpc]);
  stream.client(
    meta(1, 1, field(7, join(field(1, '1.2.3.4:5'), field(2, 'trace-1'), field(3, 'parent'), field(4, 'span-1')))),
  );
  assert.deepEqual([stream.messages[0]?.trace?.traceId, stream.messages[0]?.trace?.spanId], ['trace-1', 'span-1']);
});
