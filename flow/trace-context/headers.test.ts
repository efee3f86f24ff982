import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Message } from '../l7/message.ts';
import { plainOptions } from '../l7/testing/plain-options.ts';
import { findTraceHeader, knownTraceHeaders, offerTraceHeader } from './headers.ts';
import { spanIdWords, traceIdWords } from './ids.ts';
import { wordsHex } from './words.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';

function read(headers: [string, string][], traceHeaders: string[] = []): Message {
  const message = new Message('request', 0, 0, 0, 0, 0, 0);
  for (const [name, value] of headers) offerTraceHeader(message, name, value, { ...plainOptions, traceHeaders });
  return message;
}

function short(headers: [string, string][]): string {
  const { trace: found } = read(headers);
  if (found === null) return 'none';
  const sampled = found.sampled === null ? '' : found.sampled ? ' sampled' : ' not-sampled';
  return `${found.format} ${found.traceId} ${found.spanId}${sampled}${found.state === '' ? '' : ` [${found.state}]`}`;
}

const cases: [string, [string, string][], string][] = [
  ['W3C', [['traceparent', `00-${trace}-${span}-01`]], `traceparent ${trace} ${span} sampled`],
  ['W3C, name in capitals', [['Traceparent', `00-${trace}-${span}-00`]], `traceparent ${trace} ${span} not-sampled`],
  [
    'W3C with state after',
    [
      ['traceparent', `00-${trace}-${span}-01`],
      ['tracestate', 'a=1'],
      ['tracestate', 'b=2'],
    ],
    `traceparent ${trace} ${span} sampled [a=1,b=2]`,
  ],
  [
    'W3C with state before',
    [
      ['tracestate', 'a=1'],
      ['traceparent', `00-${trace}-${span}-01`],
    ],
    `traceparent ${trace} ${span} sampled [a=1]`,
  ],
  [
    'a later version may be longer',
    [['traceparent', `cc-${trace}-${span}-01-what`]],
    `traceparent ${trace} ${span} sampled`,
  ],
  ['version 00 may not', [['traceparent', `00-${trace}-${span}-01-what`]], 'none'],
  ['version ff is forbidden', [['traceparent', `ff-${trace}-${span}-01`]], 'none'],
  ['ids of zeros', [['traceparent', `00-${'0'.repeat(32)}-${span}-01`]], 'none'],
  ['capitals in hex', [['traceparent', `00-${trace.toUpperCase()}-${span}-01`]], 'none'],
  ['state alone is nothing', [['tracestate', 'a=1']], 'none'],
  ['B3 single', [['b3', `${trace}-${span}-1-05e3ac9a4f6e3b90`]], `b3 ${trace} ${span} sampled`],
  ['B3 single, a decision only', [['b3', '0']], 'none'],
  [
    'B3, 64 bits, in four headers',
    [
      ['X-B3-TraceId', trace.slice(16)],
      ['X-B3-SpanId', span],
      ['X-B3-ParentSpanId', span],
      ['X-B3-Sampled', '0'],
    ],
    `b3 ${trace.slice(16)} ${span} not-sampled`,
  ],
  [
    'B3, the span first',
    [
      ['x-b3-flags', '1'],
      ['x-b3-spanid', span],
      ['x-b3-traceid', trace],
    ],
    `b3 ${trace} ${span} sampled`,
  ],
  [
    'gRPC without padding',
    [['grpc-trace-bin', 'AADG6Vae1MQlcaef6kcy628cAaUNNlulOj+aAgE']],
    'grpc-trace-bin c6e9569ed4c42571a79fea4732eb6f1c a50d365ba53a3f9a sampled',
  ],
  [
    'gRPC with padding',
    [['grpc-trace-bin', 'AADG6Vae1MQlcaef6kcy628cAaUNNlulOj+aAgE=']],
    'grpc-trace-bin c6e9569ed4c42571a79fea4732eb6f1c a50d365ba53a3f9a sampled',
  ],
  ['SkyWalking 8', [['sw8', '1-dC4x-cy4x-3-c3Zj-aW5z-ZXA=-YWRkcg==']], 'sw8 t.1 s.1-3 sampled'],
  ['SkyWalking 6', [['sw6', '0-dC4x-cy4x-4-1-1-I2E=-I2I=-I2M=']], 'sw6 t.1 s.1-4 not-sampled'],
  ['SkyWalking, not base64 of a text', [['sw8', '1-AAAA-cy4x-3-c3Zj']], 'none'],
  ['Jaeger', [['uber-trace-id', '5b2b4e:7a:0:1']], 'uber-trace-id 5b2b4e 7a sampled'],
  ['Jaeger, URL-encoded', [['uber-trace-id', '5b2b4e%3A7a%3A0%3A0']], 'uber-trace-id 5b2b4e 7a not-sampled'],
  [
    'X-Ray',
    [['X-Amzn-Trace-Id', 'Self=1-1-2;Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1']],
    'x-amzn-trace-id 1-67891233-abcdef012345678912345678 463ac35c9f6413ad sampled',
  ],
  [
    'X-Ray of a load balancer',
    [['X-Amzn-Trace-Id', 'Root=1-67891233-abcdef012345678912345678']],
    'x-amzn-trace-id 1-67891233-abcdef012345678912345678 ',
  ],
  [
    'Datadog',
    [
      ['x-datadog-parent-id', '42'],
      ['x-datadog-trace-id', '18446744073709551615'],
      ['x-datadog-sampling-priority', '2'],
    ],
    'x-datadog 18446744073709551615 42 sampled',
  ],
  [
    'Datadog, 128 bits',
    [
      ['x-datadog-trace-id', '255'],
      ['x-datadog-parent-id', '42'],
      ['x-datadog-tags', '_dd.p.dm=-0,_dd.p.tid=640cfd8d00000000'],
    ],
    'x-datadog 640cfd8d0000000000000000000000ff 42',
  ],
  ['Google', [['X-Cloud-Trace-Context', `${trace}/123;o=1`]], `x-cloud-trace-context ${trace} 123 sampled`],
  [
    'the better of two, worse first',
    [
      ['sw8', '1-dC4x-cy4x-3-c3Zj'],
      ['b3', `${trace}-${span}`],
      ['traceparent', `00-${trace}-${span}-00`],
    ],
    `traceparent ${trace} ${span} not-sampled`,
  ],
  [
    'the better of two, better first',
    [
      ['traceparent', `00-${trace}-${span}-00`],
      ['x-b3-traceid', span],
      ['x-b3-spanid', span],
    ],
    `traceparent ${trace} ${span} not-sampled`,
  ],
];

for (const [name, headers, expected] of cases) test(`reads ${name}`, () => assert.equal(short(headers), expected));

test('takes the request id and names of one own, and no other header', () => {
  const message = read(
    [
      ['X-Request-ID', ' 7 '],
      ['X-My-Trace', 'abc'],
      ['Accept', '*/*'],
    ],
    ['x-my-trace'],
  );
  assert.equal(message.requestId, '7');
  assert.deepEqual(message.trace, { format: 'custom', traceId: 'abc', spanId: '', state: '', sampled: null });
  assert.equal(offerTraceHeader(message, 'accept', '*/*', plainOptions), false);
  assert.equal(offerTraceHeader(message, 'traceparent', 'broken', plainOptions), true);
});

test('finds names in bytes', () => {
  const options = { ...plainOptions, traceHeaders: ['x-my-trace'] };
  for (const name of [...knownTraceHeaders, 'x-my-trace']) {
    const bytes = Buffer.from(`..${name.toUpperCase()}..`);
    assert.equal(findTraceHeader(bytes, 2, bytes.length - 2, options), name);
    assert.equal(findTraceHeader(bytes, 2, bytes.length - 1, options), '');
  }
  assert.equal(findTraceHeader(Buffer.from('accept'), 0, 6, options), '');
  assert.equal(findTraceHeader(Buffer.from('x-my-trace'), 0, 10, plainOptions), '');
  assert.equal(findTraceHeader(Buffer.from(''), 0, 0, options), '');
});

test('makes ids of OTLP size', () => {
  const ids = (headers: [string, string][]) => {
    const found = read(headers, ['mine']).trace!;
    const [a, b, c, d] = traceIdWords(found) as [number, number, number, number];
    const [e, f] = spanIdWords(found) as [number, number];
    return `${wordsHex(a, b)}${wordsHex(c, d)} ${wordsHex(e, f)}`;
  };
  assert.equal(ids([['traceparent', `00-${trace}-${span}-01`]]), `${trace} ${span}`);
  assert.equal(ids([['b3', `${span}-${span}`]]), `0000000000000000${span} ${span}`);
  assert.equal(ids([['uber-trace-id', '5b2b4e:7a:0:1']]), `${'5b2b4e'.padStart(32, '0')} ${'7a'.padStart(16, '0')}`);
  assert.equal(
    ids([
      ['x-datadog-trace-id', '18446744073709551615'],
      ['x-datadog-parent-id', '4294967298'],
    ]),
    `0000000000000000ffffffffffffffff 0000000100000002`,
  );
  assert.equal(
    ids([['x-amzn-trace-id', 'Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad']]),
    '67891233abcdef012345678912345678 463ac35c9f6413ad',
  );
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';
  assert.ok(ids([['mine', uuid]]).startsWith('0123456789abcdef0123456789abcdef '));
  const sw8 = ids([['sw8', '1-dC4x-cy4x-3-c3Zj']]);
  assert.equal(sw8, ids([['sw6', '1-dC4x-cy4x-3-1']]));
  assert.notEqual(sw8, ids([['sw8', '1-dC4y-cy4x-3-c3Zj']]));
});

test('bears any value of any known header', () => {
  const values = [
    '',
    '-',
    '--',
    ':::',
    '=;=',
    '1-',
    'a'.repeat(100_000),
    '1-----',
    '%3A%3A%3A',
    '/;',
    ';',
    '\u0000',
    '00-',
  ];
  for (const name of knownTraceHeaders)
    for (const value of values) assert.equal(name === 'x-request-id' || short([[name, value]]) === 'none', true);
});
