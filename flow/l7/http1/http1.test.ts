/** HTTP/1.x calls: framing of bodies, pipelining, interim answers, switches, what the span says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Conversation, callLines, play, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import http1 from './index.ts';

const lines = (...parts: string[]): string => `${parts.join('\r\n')}\r\n\r\n`;
const common = ['url.scheme=http'];
const ok = lines('HTTP/1.1 200 OK', 'Content-Length: 0');

const conversations: Conversation[] = [
  {
    name: 'a request and its answer with bodies',
    steps: [
      [
        '>',
        `${lines('POST /users/42/mail?draft=1&x HTTP/1.1', 'Host: api.example:8080', 'User-Agent: c/1', 'content-LENGTH:  4 ')}abcd`,
      ],
      ['<', `${lines('HTTP/1.1 201 Created', 'Content-Length: 6')}HTTP/1`],
    ],
    calls: [
      'POST /users/{id}/mail server | http.request.method=POST url.path=/users/42/mail url.query=draft=?&x url.template=/users/{id}/mail user_agent.original=c/1 http.request.body.size=4 http.response.status_code=201 http.response.body.size=6',
    ],
  },
  {
    name: 'pipelined requests, answered in order',
    steps: [
      [
        '>',
        lines('GET /a HTTP/1.1', 'Host: h') +
          lines('HEAD /b HTTP/1.1', 'Host: h') +
          lines('GET /c HTTP/1.1', 'Host: h'),
      ],
      [
        '<',
        ok + lines('HTTP/1.1 200 OK', 'Content-Length: 500') + lines('HTTP/1.1 404 Not Found', 'Content-Length: 0'),
      ],
    ],
    calls: [
      'GET /a server | http.request.method=GET url.path=/a url.template=/a http.response.status_code=200 http.response.body.size=0',
      'HEAD /b server | http.request.method=HEAD url.path=/b url.template=/b http.response.status_code=200 http.response.body.size=500',
      'GET /c server | http.request.method=GET url.path=/c url.template=/c http.response.status_code=404 http.response.body.size=0',
    ],
  },
  {
    name: 'chunks with extensions and trailers, in both directions',
    steps: [
      [
        '>',
        `${lines('PUT /x HTTP/1.1', 'Transfer-Encoding: gzip, Chunked', 'Content-Length: 3')}4;a=b\r\nabcd\r\n0A\r\n0123456789\r\n0\r\nT: 1\r\n\r\n`,
      ],
      ['>', lines('GET /y HTTP/1.1')],
      ['<', `${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`],
      ['<', lines('HTTP/1.1 304 Not Modified', 'Transfer-Encoding: chunked')],
    ],
    calls: [
      'PUT /x server | http.request.method=PUT url.path=/x url.template=/x http.request.body.size=14 http.response.status_code=200 http.response.body.size=2',
      'GET /y server | http.request.method=GET url.path=/y url.template=/y http.response.status_code=304',
    ],
  },
  {
    name: 'interim answers come before the answer',
    steps: [
      ['>', `${lines('POST /x HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 2')}`],
      ['<', lines('HTTP/1.1 100 Continue')],
      ['>', 'ab'],
      ['<', lines('HTTP/1.1 103 Early Hints', 'Link: </a>')],
      ['<', ok],
    ],
    calls: [
      'POST /x server | http.request.method=POST url.path=/x url.template=/x http.request.body.size=2 http.response.status_code=200 http.response.body.size=0',
    ],
  },
  {
    name: 'an answer before the last chunk of its request',
    steps: [
      ['>', `${lines('POST /x HTTP/1.1', 'Transfer-Encoding: chunked')}4\r\nabcd\r\n`],
      ['<', lines('HTTP/1.1 413 Content Too Large', 'Content-Length: 0')],
      ['>', '4\r\nabcd\r\n0\r\n\r\n'],
      ['>', lines('GET /y HTTP/1.1')],
      ['<', ok],
    ],
    calls: [
      'POST /x server | http.request.method=POST url.path=/x url.template=/x http.request.body.size=4 http.response.status_code=413 http.response.body.size=0',
      'GET /y server | http.request.method=GET url.path=/y url.template=/y http.response.status_code=200 http.response.body.size=0',
    ],
  },
  {
    name: 'lines that end with LF alone, empty lines before, folded fields',
    steps: [
      ['>', '\r\n\nGET /a HTTP/1.0\nX-Forwarded-For: 1.2.3.4,\n 5.6.7.8\nHost:h\n\n'],
      ['<', 'HTTP/1.0 200 OK\nContent-Length:2\n\nab'],
    ],
    calls: [
      'GET /a server | http.request.method=GET url.path=/a url.template=/a http.request.header.x-forwarded-for=[1.2.3.4, 5.6.7.8] http.response.status_code=200 http.response.body.size=2',
    ],
  },
  {
    name: 'targets in other forms, methods of others',
    steps: [
      [
        '>',
        lines('GET http://u@h.example:81/p?q=1 HTTP/1.1', 'Host: other') +
          lines('OPTIONS * HTTP/1.1') +
          lines('PROPFIND /dav HTTP/1.1') +
          lines('FROB /x HTTP/1.1'),
      ],
      ['<', ok + ok + ok + lines('HTTP/1.1 501 Not Implemented', 'Content-Length: 0')],
    ],
    calls: [
      'GET /p server | http.request.method=GET url.path=/p url.query=q=? url.template=/p http.response.status_code=200 http.response.body.size=0',
      'OPTIONS * server | http.request.method=OPTIONS url.path=* url.template=* http.response.status_code=200 http.response.body.size=0',
      'PROPFIND /dav server | http.request.method=PROPFIND url.path=/dav url.template=/dav http.response.status_code=200 http.response.body.size=0',
      '!HTTP /x server | http.request.method=_OTHER http.request.method_original=FROB url.path=/x url.template=/x http.response.status_code=501 error.type=501 http.response.body.size=0',
    ],
  },
];

testConversations(http1, conversations, 3000, common);

test('a body without length lasts until the connection ends', () => {
  const stream = createTestStream([http1]);
  stream.client(lines('GET / HTTP/1.0'));
  stream.server(`${lines('HTTP/1.0 200 OK')}some`);
  stream.server('HTTP/1.0 200 more');
  assert.equal(stream.calls.length, 0);
  stream.finish(1);
  assert.equal(stream.calls.length, 1);
  assert.equal(stream.calls[0]!.response!.sizeBytes, 19 + 4 + 17);
  assert.equal(stream.calls[0]!.response!.complete, true);
});

test('what the connection cuts short is told as cut short', () => {
  const stream = createTestStream([http1]);
  stream.client(`${lines('GET / HTTP/1.1')}`);
  stream.server(`${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}4\r\nab`);
  stream.close();
  assert.deepEqual(
    stream.calls.map(({ outcome, response }) => [outcome, response?.complete]),
    [['answered', false]],
  );
});

test('domain, lengths, first segments and contexts are in the message', () => {
  const stream = createTestStream([http1], { capturedHeaders: ['content-type', 'x-tenant'], traceHeaders: ['x-tid'] });
  stream.client(
    lines(
      'POST /a/b/c?d HTTP/1.1',
      'Host: h',
      'Content-Type: text/x',
      'X-Tenant: 7',
      'X-TID: t-1',
      'x-request-id: r',
      'Forwarded: for=1.1.1.1;by=x, for="[::1]"',
      'Content-Length: 0',
    ),
  );
  stream.server(lines('HTTP/1.1 500 Oh', 'Content-Type: text/y', 'Content-Length: 0'));
  const [request, response] = stream.messages;
  assert.deepEqual(
    [request!.domain, request!.resource, request!.endpoint, request!.version, request!.length],
    ['h', '/a/b/c?d', '/a/b', '1.1', 0],
  );
  assert.deepEqual(
    [request!.trace?.traceId, request!.requestId, request!.textFact('clientIp')],
    ['t-1', 'r', '1.1.1.1,[::1]'],
  );
  assert.deepEqual([response!.statusCode, response!.status, response!.length], [500, 'server_error', 0]);
  assert.match(
    stream.calls[0]!.span,
    /^!POST \/a\/b\/c .*request.header.content-type=\[text\/x] http.request.header.x-tenant=\[7] .*response.header.content-type=\[text\/y]$/,
  );
});

test('queries are as they came when nothing is to be hidden', () => {
  const stream = createTestStream([http1], { obfuscate: false });
  stream.client(lines('GET /?a=1 HTTP/1.1'));
  stream.server(ok);
  assert.match(stream.calls[0]!.span, / url.query=a=1 /);
});

test('after CONNECT, and after an upgrade, another protocol is looked for', () => {
  const stream = createTestStream([http1]);
  stream.client(lines('CONNECT h:443 HTTP/1.1', 'Host: h:443'));
  stream.server(lines('HTTP/1.1 200 Connection established'));
  stream.client(lines('GET /inner HTTP/1.1', 'Upgrade: other'));
  stream.server(lines('HTTP/1.1 101 Switching', 'Upgrade: other'));
  stream.client(lines('GET /last HTTP/1.1'));
  stream.server(ok);
  assert.deepEqual(
    callLines(stream).map((line) => line.split(' |')[0]),
    ['CONNECT server', 'GET /inner server', 'GET /last server'],
  );
});

test('a connection joined in the middle begins with the next head, on either side', () => {
  const stream = createTestStream([http1]);
  stream.server('rest of a body');
  stream.server(lines('HTTP/1.1 200 OK', 'Content-Length: 0'));
  stream.client(lines('GET /a HTTP/1.1'));
  stream.server(ok);
  assert.deepEqual(
    stream.calls.map(({ outcome }) => outcome),
    ['unmatched_response', 'answered'],
  );
});

test('lost bytes in a body do no harm; lost heads break the order until it is sure again', () => {
  const stream = createTestStream([http1]);
  stream.client(lines('GET /a HTTP/1.1'));
  stream.server(`${lines('HTTP/1.1 200 OK', 'Content-Length: 100')}`);
  stream.gap(1, 50);
  stream.server('x'.repeat(50));
  stream.client(lines('GET /b HTTP/1.1'));
  stream.gap(1, 10);
  stream.server(ok);
  stream.client(lines('GET /c HTTP/1.1'));
  stream.server(ok);
  assert.deepEqual(
    stream.calls.map(({ outcome, request }) => `${request?.resource} ${outcome}`),
    ['/a answered', '/b unanswered', 'undefined unmatched_response', '/c answered'],
  );
});

test('inside a TLS library the scheme is https', () => {
  const stream = createTestStream([http1]);
  Object.assign(stream.identity, { socket: { id: '1', tlsLibrary: 'openssl', peerService: '' } });
  stream.client(lines('GET /a HTTP/1.1', 'Host: h'));
  stream.server(ok);
  assert.match(stream.calls[0]!.span, /url\.scheme=https/);
});

test('chunks nobody looked at last until the next message, or the end', () => {
  const chunked = `${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}4000\r\nxxxx`;
  const stream = createTestStream([http1]);
  stream.client(lines('GET /a HTTP/1.1'));
  stream.server(chunked);
  stream.unseen(1, 0x4000);
  stream.unseen(1, 5000);
  stream.client(lines('GET /b HTTP/1.1'));
  stream.server(chunked);
  stream.unseen(1, 0x4000);
  stream.unseen(1, 7000);
  stream.close();
  assert.deepEqual(
    stream.calls.map(({ outcome, request, response }) => [
      request!.resource,
      outcome,
      response!.complete,
      (response!.endNs - request!.startNs) / 1e6,
      response!.sizeBytes,
    ]),
    [
      ['/a', 'answered', true, 3, chunked.length + 0x4000 + 5000],
      ['/b', 'answered', true, 3, chunked.length + 0x4000 + 7000],
    ],
  );
});

test('a head that does not end in 64 KiB is taken as far as it came', () => {
  const stream = createTestStream([http1]);
  stream.client(`GET /a HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(70_000)}`);
  stream.close();
  assert.equal(stream.messages[0]?.domain, 'h');
});

test('heads that come byte by byte cost no more than their length', () => {
  const begun = process.threadCpuUsage();
  play(http1, [['>', lines('GET /a HTTP/1.1', `X: ${'x'.repeat(50_000)}`)]], 1);
  assert.ok(process.threadCpuUsage(begun).user < 2e6);
});

const probes: [string, string][] = [
  ['GET / HTTP/1.1\r\n', 'client'],
  ['GET /a', 'more'],
  ['GE', 'more'],
  ['GET / RTSP/1.0\r\n', 'no'],
  ['get / HTTP/1.1\r\n', 'no'],
  ['GET foo\r\n', 'no'],
  ['*1\r\n', 'no'],
  [`GET /${'a'.repeat(5000)}`, 'client'],
  ['HTTP/1.1 200 OK\r\n', 'server'],
  ['HTTP/1.1 2', 'more'],
  ['HTTP/2.0 200', 'no'],
  ['HTTP', 'more'],
];

test('the first line tells', () => {
  for (const [text, expected] of probes) {
    const stream = createTestStream([http1]);
    const { input } = stream.analysis;
    input.bytes = Buffer.from(text);
    input.start = 0;
    input.end = text.length;
    assert.equal(http1.probe(input), expected, text.slice(0, 40));
  }
});
