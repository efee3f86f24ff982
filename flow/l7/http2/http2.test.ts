/** HTTP/2, gRPC and Triple calls: streams, header blocks in pieces, trailers, resets, pushes, late observers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import http1 from '../http1/index.ts';
import { hex, join, u8, u32 } from '../testing/bytes.ts';
import { type Conversation, callLines, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import { preface } from './frames.ts';
import http2 from './index.ts';
import {
  ack,
  data,
  endHeaders,
  endStream,
  fields,
  frame,
  get,
  headers,
  message,
  open,
  post,
  settings,
} from './testing/frames.ts';
import type { ToldTable } from './told.ts';

const grpcOk = { ':status': '200', 'content-type': 'application/grpc+proto' };

const getA = 'GET /a server | http.request.method=GET url.scheme=http url.path=/a url.template=/a';
const rpcM = 'p.S/M server | rpc.system.name=grpc rpc.method=p.S/M';

const conversations: Conversation[] = [
  {
    name: 'streams answered in another order',
    steps: [
      ['>', join(open, headers(1, endStream, get('/a')), headers(3, 0, get('/b/7?x=1')), data(3, endStream, 'body'))],
      [
        '<',
        join(
          settings,
          ack,
          headers(3, 0, { ':status': '404' }),
          headers(1, 0, { ':status': '200', 'content-length': '6' }),
        ),
      ],
      ['<', join(data(1, 0, 'abc'), data(3, endStream, 'no'), data(1, endStream, 'def'))],
    ],
    calls: [
      'GET /b/{id} server | http.request.method=GET url.scheme=http url.path=/b/7 url.query=x=? url.template=/b/{id} http.request.body.size=4 http.response.status_code=404 http.response.body.size=2',
      `${getA} http.response.status_code=200 http.response.body.size=6`,
    ],
  },
  {
    name: 'a block in three frames, with priority and padding; interim answer; data with padding',
    steps: [
      [
        '>',
        join(
          open,
          frame(1, 0x29, 1, u8(3), u32(0), u8(15), fields(get('/a')).subarray(0, 9), 'pad'),
          frame(9, 0, 1, fields(get('/a')).subarray(9, 20)),
          frame(9, endHeaders, 1, fields(get('/a')).subarray(20)),
        ),
      ],
      [
        '<',
        join(
          settings,
          headers(1, 0, { ':status': '103' }),
          headers(1, 0, { ':status': '200' }),
          data(1, 9, u8(2), 'okXX'),
        ),
      ],
    ],
    calls: [`${getA} http.response.status_code=200 http.response.body.size=2`],
  },
  {
    name: 'a unary gRPC call',
    steps: [
      ['>', join(open, headers(1, 0, post('/p.S/M')), data(1, endStream, message('abc')))],
      [
        '<',
        join(
          settings,
          headers(1, 0, grpcOk),
          data(1, 0, message('12345')),
          headers(1, endStream, { 'grpc-status': '0' }),
        ),
      ],
    ],
    calls: [
      `${rpcM} deepflow.rpc.request.messages=1 http.request.body.size=8 rpc.response.status_code=OK deepflow.rpc.response.messages=1 http.response.body.size=10`,
    ],
  },
  {
    name: 'gRPC failures: trailers only, a client mistake, no gRPC at all',
    steps: [
      [
        '>',
        join(
          open,
          headers(1, endStream, post('/p.S/M')),
          headers(3, endStream, post('/p.S/M')),
          headers(5, endStream, post('/p.S/M')),
        ),
      ],
      ['<', headers(1, endStream, { ...grpcOk, 'grpc-status': '14', 'grpc-message': 'no%20one%20at home' })],
      ['<', headers(3, endStream, { ...grpcOk, 'grpc-status': '5' })],
      ['<', headers(5, endStream, { ':status': '503' })],
    ],
    calls: [
      `!${rpcM} deepflow.rpc.request.messages=0 rpc.response.status_code=UNAVAILABLE error.type=UNAVAILABLE deepflow.rpc.response.messages=0`,
      `${rpcM} deepflow.rpc.request.messages=0 rpc.response.status_code=NOT_FOUND deepflow.rpc.response.messages=0`,
      `!${rpcM} deepflow.rpc.request.messages=0 http.response.status_code=503 error.type=503 deepflow.rpc.response.messages=0`,
    ],
  },
  {
    name: 'gRPC messages over several frames and several in one',
    steps: [
      [
        '>',
        join(
          open,
          headers(1, 0, post('/p.S/M')),
          data(1, 0, message('abcdef').subarray(0, 3)),
          data(1, 0, message('abcdef').subarray(3, 8)),
        ),
      ],
      ['>', join(data(1, 0, message('abcdef').subarray(8), message(''), message('x')), data(1, endStream))],
      [
        '<',
        join(
          headers(1, 0, grpcOk),
          data(1, 0, message('1'), message('2')),
          headers(1, endStream, { 'grpc-status': '0' }),
        ),
      ],
    ],
    calls: [
      `${rpcM} deepflow.rpc.request.messages=3 http.request.body.size=22 rpc.response.status_code=OK deepflow.rpc.response.messages=2 http.response.body.size=12`,
    ],
  },
  {
    name: 'Triple',
    steps: [
      [
        '>',
        join(
          open,
          headers(1, endStream, { ...post('/p.S/m'), 'tri-service-version': '1.0.0', 'tri-service-group': 'g' }),
        ),
      ],
      ['<', join(headers(1, 0, grpcOk), headers(1, endStream, { 'grpc-status': '0' }))],
    ],
    calls: [
      'p.S/m server | rpc.system.name=dubbo rpc.method=p.S/m deepflow.rpc.request.messages=0 rpc.response.status_code=OK deepflow.rpc.response.messages=0',
    ],
  },
  {
    name: 'Triple: known by any of its headers; an answer that is OK and an exception',
    steps: [
      ['>', join(open, headers(1, endStream, { ...post('/p.S/m'), 'tri-consumer-appname': 'a' }))],
      [
        '<',
        join(
          headers(1, 0, { ...grpcOk, 'tri-exception-code': '3' }),
          data(1, 0, message('x')),
          headers(1, endStream, { 'grpc-status': '0' }),
        ),
      ],
    ],
    calls: [
      '!p.S/m server | rpc.system.name=dubbo rpc.method=p.S/m deepflow.rpc.request.messages=0 rpc.response.status_code=OK error.type=BIZ_EXCEPTION deepflow.rpc.response.messages=1 http.response.body.size=6',
    ],
  },
  {
    name: 'resets, before and after the answer began; going away',
    steps: [
      [
        '>',
        join(
          open,
          headers(1, endStream, get('/a')),
          headers(3, endStream, post('/p.S/M')),
          headers(5, endStream, get('/a')),
          headers(7, endStream, get('/a')),
        ),
      ],
      ['>', frame(3, 0, 1, u32(8))],
      ['<', join(headers(3, 0, grpcOk), frame(3, 0, 3, u32(0xb)))],
      ['<', join(headers(5, 0, { ':status': '200' }), frame(3, 0, 5, u32(2)))],
      ['<', frame(7, 0, 0, u32(5), u32(0), 'bye')],
    ],
    calls: [
      `unanswered ${getA} deepflow.http2.reset=CANCEL`,
      `${rpcM} deepflow.rpc.request.messages=0 rpc.response.status_code=RESOURCE_EXHAUSTED deepflow.rpc.response.messages=0`,
      `!${getA} http.response.status_code=200 deepflow.http2.reset=INTERNAL_ERROR error.type=INTERNAL_ERROR`,
      `!unanswered ${getA} deepflow.http2.reset=REFUSED_STREAM error.type=REFUSED_STREAM`.replace(
        '!unanswered ',
        'unanswered !',
      ),
    ],
  },
  {
    name: 'a pushed answer',
    steps: [
      ['>', join(open, headers(1, endStream, get('/a')))],
      ['<', frame(5, endHeaders, 1, u32(2), fields(get('/b')))],
      ['<', join(headers(2, endStream, { ':status': '200' }), headers(1, endStream, { ':status': '200' }))],
    ],
    calls: [
      'GET /b server | http.request.method=GET url.scheme=http url.path=/b url.template=/b http.response.status_code=200',
      `${getA} http.response.status_code=200`,
    ],
  },
];

testConversations(http2, conversations, 3000);

test('the message says what the conformance set asks', () => {
  const stream = play(http2, conversations[2]!.steps);
  const [request, response] = stream.messages;
  assert.deepEqual(
    [
      request!.label,
      request!.method,
      request!.resource,
      request!.endpoint,
      request!.domain,
      request!.id,
      request!.version,
    ],
    ['gRPC', 'POST', 'p.S', '/p.S/M', 'h:81', 1, '2'],
  );
  assert.deepEqual(
    [response!.statusCode, response!.status, response!.textFact('httpStatus'), response!.textFact('messages')],
    [0, 'ok', '200', '1'],
  );
});

test('a response lasts from its headers to its end, and does not time out meanwhile', () => {
  const stream = createTestStream([http2]);
  stream.client(join(open, headers(1, endStream, get('/a'))));
  stream.server(headers(1, 0, { ':status': '200' }));
  stream.wait(1000);
  stream.server(data(1, endStream, 'x'));
  const { outcome, request, response } = stream.calls[0]!;
  assert.equal(outcome, 'answered');
  assert.equal(response!.timeNs - request!.timeNs, 1e6);
  assert.equal(response!.endNs - response!.timeNs, 1000e9 + 1e6);
});

test('long data passes unseen, and ends the call when it has passed', () => {
  const stream = createTestStream([http2]);
  stream.client(join(open, headers(1, endStream, get('/a'))));
  stream.server(headers(1, 0, { ':status': '200' }));
  const body = data(1, endStream, Buffer.alloc(1_000_000));
  stream.server(body.subarray(0, 20));
  assert.equal(stream.calls.length, 0);
  stream.server(body.subarray(20));
  assert.equal(stream.calls.length, 1);
  assert.equal(stream.calls[0]!.response!.sizeBytes, body.length + headers(1, 0, { ':status': '200' }).length);
});

test('an observer who joins in the middle finds frames in either direction', () => {
  const stream = createTestStream([http2]);
  stream.client(Buffer.alloc(100, 0x61));
  stream.client(join(frame(8, 0, 0, u32(5)), frame(1, 5, 9, hex('83 86 c4 c5'))));
  stream.server(frame(1, 5, 9, hex('88 c0')));
  assert.deepEqual(
    stream.calls.map(({ outcome, request, response }) => [
      outcome,
      request?.method,
      request?.resource,
      request?.textFact('partial'),
      response?.statusCode,
    ]),
    [['answered', 'POST', '', 'true', 200]],
  );
});

/** A table as it was before a block of that stream. */
function table(stream: number, block: string, fields: Record<string, string>): ToldTable {
  const bytes = hex(block);
  return {
    stream,
    blockLength: bytes.length,
    blockBegin: bytes.subarray(0, 16),
    maxSize: 4096,
    fields: Object.entries(fields),
  };
}

test('what such an observer missed is read with the tables that were told: from their block on, also what is added', () => {
  const stream = createTestStream([http2]);
  stream.client(join(frame(8, 0, 0, u32(5)), frame(1, 5, 9, hex('83 86 c4 c5'))));
  stream.server(frame(1, 5, 9, hex('88 c0')));
  stream.told(0, table(11, 'c0 bf be', { 'x-request-id': 'r1', ':path': '/told', ':method': 'GET' }));
  stream.told(1, table(11, 'be', { ':status': '404' }));
  stream.client(frame(1, 5, 11, hex('c0 bf be')));
  stream.server(frame(1, 5, 11, hex('be')));
  stream.client(frame(1, 5, 13, hex('c0 44 02'), '/b', hex('bf')));
  stream.server(frame(1, 5, 13, hex('be')));
  assert.deepEqual(
    stream.calls.map(({ request, response }) => [
      request!.method,
      request!.resource,
      request!.requestId,
      request!.textFact('partial'),
      response!.statusCode,
    ]),
    [
      ['POST', '', '', 'true', 200],
      ['GET', '/told', 'r1', '', 404],
      ['GET', '/b', 'r1', '', 404],
    ],
  );
});

test('a table that was told for another block is not taken for this one', () => {
  for (const [id, block] of [
    [11, 'c1 bf be'],
    [13, 'c0 bf be'],
    [11, 'c0 bf be be'],
  ] as const) {
    const stream = createTestStream([http2]);
    stream.told(0, table(id, block, { 'x-request-id': 'r1', ':path': '/told', ':method': 'GET' }));
    stream.client(join(frame(8, 0, 0, u32(5)), frame(1, 5, 11, hex('c0 bf be'))));
    stream.server(frame(1, 5, 11, hex('88')));
    assert.deepEqual(stream.calls[0]!.request!.resource, '');
    assert.equal(stream.calls[0]!.request!.textFact('partial'), 'true');
  }
});

test('after lost bytes the next frame of a known stream is found, wherever it begins', () => {
  const stream = createTestStream([http2]);
  stream.client(join(open, headers(1, endStream, get('/a')), headers(3, endStream, get('/a'))));
  stream.server(join(settings, headers(1, 0, { ':status': '200' }), frame(0, 0, 1, Buffer.alloc(50)).subarray(0, 5)));
  stream.gap(1, 30);
  stream.server(join(Buffer.alloc(24, 7), data(1, endStream, 'x'), headers(3, endStream, { ':status': '204' })));
  assert.deepEqual(
    stream.calls.map(({ request, response }) => [request?.id, response?.statusCode, response?.complete]),
    [
      [1, 200, false],
      [3, 204, true],
    ],
  );
});

const joinedCalls: [name: string, payload: Buffer, span: string][] = [
  ['a message of gRPC', hex('00 00000003 616263'), 'gRPC server | rpc.system.name=grpc'],
  [
    'anything else',
    hex('7b 00000003 616263'),
    'POST server | http.request.method=POST url.scheme=http http.response.status_code=200',
  ],
];

for (const [name, payload, span] of joinedCalls) {
  test(`joined in the middle, a call is told by its data where its content type is in the table: ${name}`, () => {
    const stream = createTestStream([http2]);
    stream.client(join(frame(8, 0, 0, u32(5)), frame(1, endHeaders, 11, hex('83 c0')), data(11, endStream, payload)));
    stream.server(join(frame(1, endHeaders, 11, hex('88 c0')), data(11, 0, payload)));
    stream.server(frame(1, endHeaders | endStream, 11, hex('bf')));
    assert.equal(stream.calls[0]!.span.replace(/ [^ ]*(messages|size)=\d+/g, ''), span);
  });
}

test('an answer that may have lost some of its data is incomplete, even when its end passes unread', () => {
  const stream = createTestStream([http2]);
  stream.client(join(open, headers(1, endStream, get('/a'))));
  stream.server(join(settings, headers(1, 0, { ':status': '200' })));
  stream.gap(1, 100);
  stream.server(data(1, endStream, 'x'.repeat(100)).subarray(0, 50));
  stream.server('x'.repeat(59));
  assert.deepEqual(
    stream.calls.map(({ outcome, response }) => [outcome, response!.complete]),
    [['answered', false]],
  );
});

test('a request that HTTP/1 upgrades is answered on stream 1', () => {
  const stream = createTestStream([http1, http2]);
  stream.client(
    'GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
  );
  stream.server('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  stream.server(join(settings, headers(1, 0, { ':status': '200' }), data(1, endStream, 'ok')));
  stream.client(join(open, headers(3, endStream, get('/b'))));
  stream.server(headers(3, endStream, { ':status': '200' }));
  assert.deepEqual(
    stream.calls.map(({ protocol, outcome, request, response }) => [
      protocol,
      outcome,
      request?.resource,
      response?.statusCode,
    ]),
    [
      ['http2', 'answered', '/a', 200],
      ['http2', 'answered', '/b', 200],
    ],
  );
});

test('blocks without end, bombs of references and streams without number are bounded', () => {
  const stream = createTestStream([http2]);
  stream.client(open);
  stream.client(frame(1, 0, 1, fields(get('/a'))));
  for (let count = 0; count < 1000; count++) stream.client(frame(9, 0, 1, Buffer.alloc(1000, 0x82)));
  stream.client(frame(9, endHeaders, 1));
  stream.client(frame(1, 5, 3, hex('82 86 84 41 01 61'), Buffer.alloc(16_000, 0xbe)));
  for (let id = 5; id < 20_000; id += 2) stream.client(headers(id, endStream, get('/a')));
  stream.close();
  assert.equal(stream.calls.length, 2 + 19_995 / 2 + 0.5);
});

const probes: [string, Buffer, string][] = [
  ['the preface', Buffer.from(preface), 'client'],
  ['its beginning', Buffer.from(preface.slice(0, 5)), 'more'],
  ['settings of a server', settings, 'either'],
  ['a request', headers(1, 5, {}).length === 9 ? frame(1, 5, 1, hex('82 86 84')) : Buffer.alloc(0), 'client'],
  ['a response', frame(1, 4, 1, hex('88 0f 10 01 61')), 'server'],
  ['data alone', data(1, 0, 'abc'), 'no'],
  ['data and a ping', join(data(1, 0, 'abc'), frame(6, 0, 0, Buffer.alloc(8))), 'either'],
  ['a block that does not add up', frame(1, 5, 1, hex('82 0f 10 7e 61')), 'no'],
  ['a length that never ends', frame(1, 4, 1, hex('41 7f ff ff ff ff ff ff ff ff')), 'no'],
  ['zeros', Buffer.alloc(64), 'no'],
  ['a length of four bytes and a number', hex('00000010 00000001 00000000 00000000'), 'no'],
  ['HTTP/1', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'no'],
];

test('what HTTP/2 looks like', () => {
  const { input } = createTestStream([http2]).analysis;
  for (const [name, bytes, expected] of probes) {
    input.bytes = bytes;
    input.start = 0;
    input.end = bytes.length;
    assert.equal(http2.probe(input), expected, name);
  }
});

test('trace contexts and request ids', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const stream = play(http2, [
    [
      '>',
      join(open, headers(1, endStream, get('/a', { traceparent, 'x-request-id': 'r', 'x-forwarded-for': '1.2.3.4' }))),
    ],
  ]);
  const [request] = stream.messages;
  assert.deepEqual(
    [request!.trace?.spanId, request!.requestId, request!.textFact('clientIp')],
    ['b7ad6b7169203331', 'r', '1.2.3.4'],
  );
  assert.deepEqual(callLines(stream), []);
});
