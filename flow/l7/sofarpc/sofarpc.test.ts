/** SOFARPC: Bolt v1 and v2, calls, errors of transport, framework and service, heartbeats, trace contexts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, join, u8, u16, u32 } from '../testing/bytes.ts';
import { callLines, type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import sofarpc from './index.ts';

const requestClass = 'com.alipay.sofa.rpc.core.request.SofaRequest';
const responseClass = 'com.alipay.sofa.rpc.core.response.SofaResponse';
const service = 'shop.Items:1.0';

interface Fields {
  v2?: boolean;
  crc?: boolean;
  type?: number;
  command?: number;
  codec?: number;
  status?: number;
  className?: string;
  header?: Record<string, string>;
  content?: Buffer;
}

const entry = (value: string): Buffer => join(u32(value.length), value);

function frame(id: number, fields: Fields): Buffer {
  const {
    v2 = false,
    crc = false,
    type = 1,
    command = 1,
    codec = 1,
    status = 0,
    className = '',
    header = {},
    content = Buffer.alloc(0),
  } = fields;
  const map = join(...Object.entries(header).flat().map(entry));
  return join(
    v2 ? u8(2, crc ? 2 : 1) : u8(1),
    u8(type),
    u16(command),
    u8(1),
    u32(id),
    u8(codec),
    v2 ? u8(crc ? 1 : 0) : '',
    type === 0 ? u16(status) : u32(3000),
    ...[u16(className.length), u16(map.length), u32(content.length), className, map, content],
    crc ? u32(0x12345678) : '',
  );
}

const call = (id: number, more: Fields = {}, header: Record<string, string> = {}): Buffer =>
  frame(id, {
    className: requestClass,
    header: { sofa_head_target_service: service, sofa_head_method_name: 'find', ...header },
    ...more,
  });

/** Content in sofa-hessian: texts below 32 characters, a class with its fields, an object of the class with that number. */
const text = (value: string): Buffer => join(u8(value.length), value);
const define = (name: string, ...fields: string[]): Buffer =>
  join('O', u8(0xc8, name.length), name, u8(0x90 + fields.length), ...fields.map(text));
const object = (number: number): Buffer => join('o', u8(0x90 + number));
const response = (...values: Buffer[]): Buffer =>
  join(define(responseClass, 'isError', 'errorMsg', 'appResponse'), object(0), ...values);
const [yes, no, none] = [Buffer.from('T'), Buffer.from('F'), Buffer.from('N')];

const answer = (id: number, content: Buffer, more: Fields = {}): Buffer =>
  frame(id, { type: 0, command: 2, className: responseClass, content, ...more });

const thrown = join(
  define('shop.NoItem', 'code', 'detailMessage', 'stackTrace'),
  object(1),
  u8(0x97),
  text('gone'),
  none,
);
const span = `shop.Items:1.0/find server | rpc.system.name=sofarpc rpc.method=shop.Items:1.0/find`;
const rest = 'deepflow.sofarpc.codec=hessian2 deepflow.sofarpc.timeout_ms=3000';

const exchanges: Exchange[] = [
  [
    'calls of v1 and v2 are answered by id',
    [call(1), call(2, { v2: true }), call(3, { v2: true, crc: true })],
    [
      answer(3, response(no, none, text('x')), { v2: true, crc: true }),
      answer(2, response(no, none, none), { v2: true }),
      answer(1, response(no, none, none)),
    ],
    [3, 2, 1].map(() => `${span} ${rest} rpc.response.status_code=SUCCESS`),
  ],
  [
    'the service throws',
    [call(1)],
    [answer(1, response(no, none, thrown))],
    [`!${span} ${rest} rpc.response.status_code=SUCCESS error.type=shop.NoItem`],
  ],
  [
    'the framework fails',
    [call(1), call(2, { codec: 11 })],
    [
      answer(1, response(yes, text('no such service'), none)),
      answer(2, Buffer.from('no method'), { codec: 11, header: { sofa_head_response_error: 'true' } }),
    ],
    [
      `!${span} ${rest} rpc.response.status_code=SUCCESS error.type=SofaRpcException`,
      `!${span} deepflow.sofarpc.codec=protobuf deepflow.sofarpc.timeout_ms=3000 rpc.response.status_code=SUCCESS error.type=SofaRpcException`,
    ],
  ],
  [
    'the transport fails, by the server or by the client',
    [call(1), call(2)],
    [frame(1, { type: 0, command: 2, status: 4 }), frame(2, { type: 0, command: 2, status: 8 })],
    [
      `!${span} ${rest} rpc.response.status_code=SERVER_THREADPOOL_BUSY error.type=SERVER_THREADPOOL_BUSY`,
      `${span} ${rest} rpc.response.status_code=CLIENT_SEND_ERROR`,
    ],
  ],
  [
    'one-way calls and heartbeats',
    [call(1, { type: 2 }), frame(2, { command: 0 })],
    [frame(2, { type: 0, command: 0 })],
    [
      `one_way ${span} ${rest}`,
      `heartbeat server | rpc.system.name=sofarpc rpc.method=heartbeat ${rest} rpc.response.status_code=SUCCESS`,
    ],
  ],
  [
    'a client that tells the call in the content only',
    [
      frame(1, {
        className: requestClass,
        content: join(
          define(requestClass, 'targetAppName', 'methodName', 'targetServiceUniqueName', 'requestProps'),
          object(0),
          ...[none, text('find'), text(service), none],
        ),
      }),
    ],
    [answer(1, response(no, none, none))],
    [`${span} ${rest} rpc.response.status_code=SUCCESS`],
  ],
  [
    'Bolt without SOFARPC: what is sent tells what is asked',
    [frame(1, { className: 'shop.FindItem' })],
    [frame(1, { type: 0, command: 2, className: 'shop.Item' })],
    [
      `shop.FindItem server | rpc.system.name=sofarpc rpc.method=shop.FindItem ${rest} rpc.response.status_code=SUCCESS`,
    ],
  ],
];

testConversations(sofarpc, exchanges.map(exchange), 3000);

test('trace contexts of both tracers, and a standard one', () => {
  const stream = createTestStream([sofarpc]);
  stream.client(call(1, {}, { new_rpc_trace_context: 'tcid=trace1&spid=0.1&pspid=0&sample=true&' }));
  stream.client(call(2, {}, { 'rpc_trace_context.sofaRpcId': '0', 'rpc_trace_context.sofaTraceId': 'trace2' }));
  stream.client(call(3, {}, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }));
  assert.deepEqual(
    stream.messages.map(({ trace }) => [trace?.traceId, trace?.spanId]),
    [
      ['trace1', '0.1'],
      ['trace2', '0'],
      ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'],
    ],
  );
});

test('contents in the published grammar of Hessian are read too', () => {
  const stream = createTestStream([sofarpc]);
  const definition = join('C', text('SofaResponse'), u8(0x93), text('isError'), text('errorMsg'), text('appResponse'));
  stream.client(call(1));
  stream.server(answer(1, join(definition, u8(0x60), yes, text('no'), none)));
  assert.equal(stream.calls[0]?.response?.error, 'no');
});

test('the text of a failure is told', () => {
  const stream = createTestStream([sofarpc]);
  stream.client(join(call(1), call(2)));
  stream.server(join(answer(1, response(no, none, thrown)), answer(2, response(yes, text('no such service'), none))));
  assert.deepEqual(
    stream.calls.map(({ response: message }) => message?.error),
    ['shop.NoItem: gone', 'no such service'],
  );
});

test('a long content passes unseen', () => {
  const stream = createTestStream([sofarpc], { pieces: 1460 });
  stream.client(call(1, { content: Buffer.alloc(1_000_000) }));
  stream.server(answer(1, response(no, none, Buffer.alloc(500_000))));
  const [only] = stream.calls;
  assert.ok(only!.request!.sizeBytes > 1_000_000 && only!.response!.sizeBytes > 500_000);
  assert.equal(only!.outcome, 'answered');
});

test('a connection joined in the middle is found again', () => {
  const stream = createTestStream([sofarpc]);
  stream.client(call(1).subarray(30));
  stream.server(answer(1, response(no, none, none)));
  stream.client(call(2));
  stream.gap(1, 10);
  stream.server(answer(2, response(no, none, none)));
  assert.deepEqual(
    callLines(stream).map((line) => line.split(' ', 1)[0]),
    ['unmatched_response', 'shop.Items:1.0/find'],
  );
});

test('numbers that could be Bolt are not taken for it without a class', () => {
  for (const bytes of [
    hex('01 01 0001 01 00000001 01 00000bb8 0000 0000 00000000'),
    hex('02 01 01 0001 01 000000'),
    Buffer.alloc(64, 1),
  ]) {
    const stream = createTestStream([sofarpc]);
    stream.client(bytes);
    stream.close();
    assert.equal(stream.messages.length, 0);
  }
});
