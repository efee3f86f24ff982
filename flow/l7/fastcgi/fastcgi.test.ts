/** FastCGI calls: parameters and heads over several records, requests in turn, refusals, what a capture may cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocols } from '../protocols.ts';
import { hex, join, u8, u16, u32 } from '../testing/bytes.ts';
import { type Conversation, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import fastcgi from './index.ts';

const record = (type: number, id: number, content: Buffer | string = '', padding = 0): Buffer =>
  join(u8(1, type), u16(id), u16(Buffer.byteLength(content)), u8(padding, 0), content, Buffer.alloc(padding));
const length = (value: number): Buffer => (value < 128 ? u8(value) : u32(value + 0x80000000));
const pairs = (list: Record<string, string>): Buffer =>
  join(...Object.entries(list).map(([name, value]) => join(length(name.length), length(value.length), name, value)));
const begin = (id: number): Buffer => record(1, id, hex('0001 01 0000000000'));
const end = (id: number, appStatus = 0, protocolStatus = 0): Buffer =>
  record(3, id, join(u32(appStatus), u8(protocolStatus, 0, 0, 0)));

const env = (more: Record<string, string> = {}): Record<string, string> => ({
  REQUEST_METHOD: 'POST',
  REQUEST_URI: '/u/42?x=1',
  SCRIPT_NAME: '/index.php',
  HTTP_HOST: 'h:8080',
  HTTP_USER_AGENT: 'c/1',
  CONTENT_LENGTH: '4',
  ...more,
});
const request = (id: number, more: Record<string, string> = {}): Buffer =>
  join(begin(id), record(4, id, pairs(env(more)), 3), record(4, id), record(5, id, 'body'), record(5, id));
const asked =
  'POST /u/{id} server | http.request.method=POST url.scheme=http url.path=/u/42 url.query=x=? url.template=/u/{id} user_agent.original=c/1 http.request.body.size=4';
const script = 'deepflow.fastcgi.script_name=/index.php';

const conversations: Conversation[] = [
  {
    name: 'a request and its answer',
    steps: [
      ['>', request(1)],
      ['<', join(record(6, 1, 'Status: 404 Not Found\r\nContent-Type: text/html\r\n\r\nno', 5), record(6, 1), end(1))],
    ],
    calls: [`${asked} http.response.status_code=404 http.response.body.size=2 ${script}`],
  },
  {
    name: 'parameters and the head of the answer over several records',
    steps: [
      [
        '>',
        join(
          begin(1),
          ...split(pairs(env({ HTTP_X: 'y'.repeat(300) })), 50).map((part) => record(4, 1, part)),
          record(4, 1),
          record(5, 1),
        ),
      ],
      [
        '<',
        join(
          ...split(Buffer.from('X-Powered-By: PHP\r\nLocation: /there\r\n\r\nbody'), 7).map((part) =>
            record(6, 1, part),
          ),
          end(1),
        ),
      ],
    ],
    calls: [`${asked} http.response.status_code=302 http.response.body.size=4 ${script}`],
  },
  {
    name: 'requests in turn',
    steps: [
      [
        '>',
        join(begin(1), begin(2), record(4, 1, pairs(env())), record(4, 2, pairs(env())), record(4, 2), record(4, 1)),
      ],
      [
        '<',
        join(record(6, 1, 'A: b\n\n'), record(6, 2, 'Status: 500\n\n'), record(7, 2, 'PHP oops'), end(2, 255), end(1)),
      ],
    ],
    calls: [
      `!${asked} http.response.status_code=500 error.type=500 http.response.body.size=0 ${script} deepflow.fastcgi.stderr=PHP oops deepflow.fastcgi.app_status=255`,
      `${asked} http.response.status_code=200 http.response.body.size=0 ${script}`,
    ],
  },
  {
    name: 'a request that is refused',
    steps: [
      ['>', request(1)],
      ['<', end(1, 0, 2)],
    ],
    calls: [`!${asked} ${script} error.type=OVERLOADED`],
  },
  {
    name: 'a request that is aborted, and one before its parameters have ended',
    steps: [
      ['>', join(begin(1), record(4, 1, pairs(env())), record(4, 1), record(5, 1, 'bo'), record(2, 1))],
      ['<', join(record(6, 1, 'A: b\r\n\r\n'), end(1))],
      ['>', join(begin(2), record(4, 2, pairs(env())), record(2, 2))],
      ['<', end(2, 1)],
    ],
    calls: [
      `${asked} http.response.status_code=200 http.response.body.size=0 ${script} deepflow.fastcgi.aborted=true`,
      `${asked} ${script} deepflow.fastcgi.aborted=true deepflow.fastcgi.app_status=1`,
    ],
  },
  {
    name: 'a connection joined behind the beginning of its request',
    steps: [
      ['>', join(record(4, 1, pairs(env()), 3), record(4, 1), record(5, 1, 'body'), record(5, 1))],
      ['<', join(record(6, 1, 'Status: 404 Not Found\r\n\r\nno'), end(1))],
    ],
    calls: [`${asked} http.response.status_code=404 http.response.body.size=2 ${script}`],
  },
];

testConversations(fastcgi, conversations, 3000);

test('the message says what the conformance set asks, contexts too', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const stream = play(fastcgi, [
    ['>', request(7, { HTTP_TRACEPARENT: traceparent, HTTP_X_REQUEST_ID: 'r', HTTP_X_FORWARDED_FOR: '1.2.3.4' })],
  ]);
  const [message] = stream.messages;
  assert.deepEqual(
    [
      message!.id,
      message!.method,
      message!.resource,
      message!.endpoint,
      message!.domain,
      message!.version,
      message!.length,
    ],
    [7, 'POST', '/u/42?x=1', '/index.php', 'h:8080', '1', 4],
  );
  assert.deepEqual(
    [message!.trace?.spanId, message!.requestId, message!.textFact('clientIp')],
    ['b7ad6b7169203331', 'r', '1.2.3.4'],
  );
});

test('long answers pass unseen; the call ends with the end of the request', () => {
  const stream = createTestStream([fastcgi]);
  stream.client(request(1));
  for (let count = 0; count < 20; count++)
    stream.server(record(6, 1, count === 0 ? `A: b\r\n\r\n${'x'.repeat(60_000)}` : 'x'.repeat(65_535)));
  stream.wait(1000);
  stream.server(end(1));
  assert.equal(stream.calls.length, 1);
  assert.equal(stream.calls[0]!.outcome, 'answered');
  assert.match(stream.calls[0]!.span, /http.response.body.size=1305165 /);
});

test('an observer who comes late, or loses bytes, goes on with the next request', () => {
  const stream = createTestStream([fastcgi]);
  stream.server(record(5, 1, 'x'));
  stream.client(record(5, 1, 'rest'));
  stream.client(request(1));
  stream.gap(0, 100);
  stream.client(request(2));
  stream.gap(1, 10);
  stream.server(join(record(6, 2, 'A: b\r\n\r\n'), end(2)));
  stream.close();
  assert.deepEqual(
    stream.calls.map(({ request: asked, outcome }) => `${asked?.id} ${outcome}`),
    ['2 answered', '1 unanswered'],
  );
});

test('on any port it is not taken for another protocol', () => {
  // As php-fpm and nginx send them, who do not clear what pads their records.
  const sent = join(begin(1), record(4, 1, pairs(env()), 3), record(4, 1), record(5, 1));
  for (const first of [sent, sent.subarray(16)]) {
    const stream = createTestStream(protocols);
    stream.client(first);
    stream.server(join(record(6, 1, 'A: b\r\n\r\n'), record(3, 1, hex('00000000 00 6e742d'))));
    assert.deepEqual(
      stream.calls.map(({ protocol, outcome }) => `${protocol} ${outcome}`),
      ['fastcgi answered'],
    );
  }
});

test('parameters in the middle of which a connection is joined are none', () => {
  const stream = createTestStream([fastcgi]);
  const [, ...rest] = split(pairs(env({ HTTP_X: 'y'.repeat(300) })), 50);
  stream.client(join(...rest.map((part) => record(4, 1, part)), record(4, 1)));
  stream.server(join(record(6, 1, 'A: b\r\n\r\n'), end(1)));
  assert.deepEqual(
    stream.calls.map(({ outcome }) => outcome),
    ['unmatched_response'],
  );
});

function split(bytes: Buffer, size: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}
