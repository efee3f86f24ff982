/** WebSocket connections: frames of all lengths, both ends of a close, gaps, what the span says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import http1 from '../http1/index.ts';
import type { Protocol } from '../protocol.ts';
import { join, u16, u64 } from '../testing/bytes.ts';
import { callLines, type Step } from '../testing/conversation.ts';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import websocket from './index.ts';

const request =
  'GET /chat/42?token=secret HTTP/1.1\r\nHost: h:81\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n';
const mask = join(1, 2, 3, 250);
const fin = 0x80;
const url = 'WEBSOCKET /chat/{id} server | url.path=/chat/42 url.template=/chat/{id}';

/** Of the server; `first` is FIN, reserved bits and opcode. */
function frame(first: number, payload: Uint8Array | string = '', flag = 0): Buffer {
  const body = join(payload);
  if (body.length < 126) return join(first, flag | body.length, body);
  return join(first, ...(body.length < 65536 ? [flag | 126, u16(body.length)] : [flag | 127, u64(body.length)]), body);
}

/** Of the client. */
function masked(first: number, payload: Uint8Array | string = ''): Buffer {
  const body = join(payload);
  const head = frame(first, body, 0x80).subarray(0, -body.length || undefined);
  return join(
    head,
    mask,
    body.map((byte, at) => byte ^ mask[at & 3]!),
  );
}

const close = (code: number, reason = ''): Buffer => join(u16(code), reason);

function playUpgraded(steps: readonly Step[], pieces?: number, protocols: Protocol[] = [http1, websocket]): TestStream {
  const stream = createTestStream(protocols, pieces === undefined ? {} : { pieces });
  const all: Step[] = [['>', request], ['<', switching], ...steps];
  for (const [side, data] of all) {
    if (side === '>') stream.client(data);
    else stream.server(data);
  }
  return stream;
}

/** Name, steps, the span. */
const cases: [string, Step[], string][] = [
  [
    'messages in fragments, with control frames between, of every form of length',
    [
      ['>', join(masked(0x01, 'ab'), masked(fin | 9, 'ping'), masked(0x00, 'cd'), masked(fin, 'e'))],
      ['<', join(frame(fin | 10, 'ping'), frame(fin | 0x42, Buffer.alloc(300, 0x88)))],
      ['<', join(frame(fin | 2, Buffer.alloc(200_000, 0x88)), frame(fin | 1))],
      ['>', masked(fin | 2, Buffer.alloc(126, 0x81))],
      ['>', masked(fin | 8, close(1000, 'bye ö'))],
      ['<', frame(fin | 8, close(1000))],
    ],
    `one_way ${url} deepflow.websocket.client.messages=2 deepflow.websocket.client.bytes=131 deepflow.websocket.server.messages=3 deepflow.websocket.server.bytes=200300 deepflow.websocket.close.side=client deepflow.websocket.close.code=1000 deepflow.websocket.close.reason=bye ö`,
  ],
  [
    'the server closes because it fails',
    [
      ['<', frame(fin | 8, close(1011, 'oh'))],
      ['>', masked(fin | 8, close(1011))],
    ],
    `one_way !${url} deepflow.websocket.client.messages=0 deepflow.websocket.client.bytes=0 deepflow.websocket.server.messages=0 deepflow.websocket.server.bytes=0 deepflow.websocket.close.side=server deepflow.websocket.close.code=1011 deepflow.websocket.close.reason=oh error.type=internal_error`,
  ],
  [
    'a close without a code that is never answered',
    [
      ['>', masked(fin | 1, 'x')],
      ['>', masked(fin | 8)],
    ],
    `one_way ${url} deepflow.websocket.client.messages=1 deepflow.websocket.client.bytes=1 deepflow.websocket.server.messages=0 deepflow.websocket.server.bytes=0 deepflow.websocket.close.side=client`,
  ],
  [
    'no close at all',
    [['<', frame(fin | 1, 'hello')]],
    `one_way ${url} deepflow.websocket.client.messages=0 deepflow.websocket.client.bytes=0 deepflow.websocket.server.messages=1 deepflow.websocket.server.bytes=5`,
  ],
];

for (const [name, steps, expected] of cases) {
  test(name, () => {
    for (const pieces of [undefined, 7, 1]) {
      const stream = playUpgraded(steps, pieces);
      stream.close();
      assert.equal(stream.calls[0]!.response!.statusCode, 101);
      assert.deepEqual(callLines(stream).slice(1), [expected], `pieces of ${pieces ?? 'any size'}`);
      assert.equal(stream.analysis.counters.lost, 0);
    }
  });
}

test('the message has the place and the trace of its request, and all bytes of both sides', () => {
  const stream = playUpgraded([
    ['<', join(frame(fin | 1, 'hello'), frame(fin | 8, close(1003, 'no')))],
    ['>', masked(fin | 8, close(1003))],
  ]);
  const message = stream.messages.at(-1)!;
  assert.deepEqual(
    [message.kind, message.side, message.domain, message.resource, message.trace?.spanId, message.complete],
    ['session', 0, 'h:81', '/chat/42?token=secret', 'b7ad6b7169203331', true],
  );
  assert.deepEqual(
    [message.statusCode, message.status, message.error, message.sizeBytes],
    [1003, 'client_error', 'no', 7 + 6 + 8],
  );
});

test('who is at fault depends on who closes', () => {
  const statuses = [1000, 1002, 1011, 4000].flatMap((code) => {
    const byServer = playUpgraded([['<', frame(fin | 8, close(code))]]);
    const byClient = playUpgraded([['>', masked(fin | 8, close(code))]]);
    return [byServer, byClient].map((stream) => {
      stream.close();
      return stream.messages.at(-1)!.status;
    });
  });
  assert.deepEqual(statuses, ['ok', 'ok', 'client_error', 'server_error', 'server_error', 'client_error', 'ok', 'ok']);
});

test('after its close nothing is wanted; without frames nothing is told', () => {
  const stream = playUpgraded([['>', masked(fin | 8)]]);
  assert.equal(stream.server(frame(fin | 8)), false);
  assert.equal(stream.calls.length, 2);
  const empty = playUpgraded([]);
  empty.finish(0);
  empty.finish(1);
  empty.close();
  assert.equal(empty.calls.length, 1);
});

test('lost bytes inside a frame are passed over; after others the next frame is found', () => {
  const stream = playUpgraded([['<', frame(fin | 2, Buffer.alloc(1000)).subarray(0, 100)]]);
  stream.gap(1, 900);
  stream.server(join(Buffer.alloc(4), frame(fin | 1, 'a')));
  stream.gap(1, 50);
  stream.server('middle of a message');
  stream.server(frame(fin | 1, 'b'));
  stream.gap(0, 50);
  stream.client(masked(fin | 1, 'c'));
  stream.close();
  assert.match(stream.calls[1]!.span, /client.messages=1 .*client.bytes=1 .*server.messages=3 .*server.bytes=1002/);
});

test('bytes that are no frame are none', () => {
  for (const bad of [join(fin | 3, 0), join(fin | 11, 0), join(9, 0), join(fin | 8, 126, 1, 0)]) {
    assert.equal(playUpgraded([['<', bad]]).analysis.counters.lost, 1, bad.toString('hex'));
  }
  for (const bad of [join(fin | 2, 126, 0, 125), join(fin | 2, 127, u64(65535)), join(fin | 2, 127, 0xff, u64(0))]) {
    assert.equal(playUpgraded([['<', bad]]).analysis.counters.lost, 1, bad.toString('hex'));
  }
});

test('bad bytes neither throw nor hang', () => {
  const known: Protocol = { ...websocket, probe: () => 'either' };
  const client = join(masked(1, 'ab'), masked(fin, 'c'), masked(fin | 8, close(1000, 'bye')));
  playHostile(known, [[client, join(frame(fin | 2, Buffer.alloc(300)), frame(fin | 8, close(1001)))]], 5000);
});
