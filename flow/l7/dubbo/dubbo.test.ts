/** Dubbo: calls in every serialization that is read, answers, exceptions, errors, heartbeats, attachments. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hex, join, u8, u16, u32, u64, varint } from '../testing/bytes.ts';
import { callLines, type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { testGoldens } from '../testing/golden.ts';
import { createTestStream } from '../testing/stream.ts';
import { countArguments } from './body.ts';
import dubbo from './index.ts';

const [hessian, java, fastjson, nativeJava, kryo, fastjson2] = [2, 3, 6, 7, 8, 23] as const;
const twoWay = 0x40;
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const frame = (bits: number, status: number, id: number | bigint, body: Buffer): Buffer =>
  join(u16(0xdabb), u8(bits, status), u64(BigInt(id)), u32(body.length), body);
const request = (serialization: number, id: number | bigint, body: Buffer): Buffer =>
  frame(0x80 | twoWay | serialization, 0, id, body);
const answer = (serialization: number, id: number | bigint, body: Buffer, status = 20): Buffer =>
  frame(serialization, status, id, body);

/** Hessian: texts below 32 characters, longer ones. */
const text = (value: string): Buffer =>
  value.length < 32 ? join(u8(value.length), value) : join('S', u16(value.length), value);
const map = (entries: Record<string, string>): Buffer => join('H', ...Object.entries(entries).flat().map(text), 'Z');
const head = ['2.0.2', 'shop.Items', '1.0', 'find'] as const;
const hessianCall = (attachments: Record<string, string> = {}): Buffer =>
  join(...head.map(text), text('Ljava/lang/String;I'), text('x'), u8(0x91), map(attachments));
const thrown = join(
  u8(0x90),
  'C',
  text('shop.NoItem'),
  u8(0x92),
  text('code'),
  text('detailMessage'),
  u8(0x60, 0x97),
  text('gone'),
);

/** Kryo: ASCII with the last character marked; a value with its class and `present`. */
const kryoText = (value: string): Buffer =>
  value.length > 1 && value.length < 64
    ? join(value.slice(0, -1), u8(value.charCodeAt(value.length - 1) | 0x80))
    : join(
        value.length + 1 < 64
          ? u8(0x80 | (value.length + 1))
          : join(u8(0xc0 | ((value.length + 1) & 0x3f)), varint((value.length + 1) >> 6)),
        value,
      );
const kryoValue = (value: string): Buffer => join(u8(3, 1), kryoText(value));
const kryoCall = (attachments: Record<string, string>): Buffer =>
  join(
    ...head.map(kryoText),
    u32(2),
    kryoValue('an argument'),
    hex('40 01 00 11 22 33 03 01 41'),
    u8(0x23, 1, Object.keys(attachments).length),
    ...Object.entries(attachments).flat().map(kryoValue),
  );

/** Fastjson 2: a u32 length before each value. */
const sized = (value: Buffer): Buffer => join(u32(value.length), value);
const jsonb = (value: string): Buffer =>
  value.length < 48
    ? join(u8(0x49 + value.length), value)
    : join(u8(0x79, 0x38 + (value.length >> 8), value.length & 0xff), value);
const jsonbCall = (attachments: Record<string, string>): Buffer =>
  join(
    ...head.map((value) => sized(jsonb(value))),
    sized(jsonb('Lshop/Key;')),
    sized(join(u8(0x92), jsonb('shop.Key'), hex('00 a6'), u8(0x7f), jsonb('id'), hex('01 05 a5'))),
    sized(join(u8(0xa6), ...Object.entries(attachments).flat().map(jsonb), u8(0xa5))),
  );
const jsonbThrown = join(
  sized(u8(0)),
  sized(
    join(
      u8(0x92),
      jsonb('shop.NoItem'),
      hex('00 a6'),
      u8(0x7f),
      jsonb('detailMessage'),
      hex('01'),
      jsonb('gone'),
      u8(0xa5),
    ),
  ),
);

/** Java: a block of primitive data, then objects. */
const javaText = (value: string): Buffer => join(u16(value.length), value);
const javaObject = (value: string): Buffer => join(u8(0x74), javaText(value));
const block = (data: Buffer): Buffer => join(u8(0x77, data.length), data);
const javaCall = (wrapped: boolean, attachments: Record<string, string>): Buffer =>
  join(
    hex('aced0005'),
    block(join(...[...head, 'I'].map((value) => join(wrapped ? u32(value.length) : '', javaText(value))))),
    hex('73 72'),
    javaText('java.util.HashMap'),
    ...Object.entries(attachments).flat().map(javaObject),
  );
const javaThrown = join(hex('aced0005'), block(u8(0)), block(u8(1)), hex('73 72'), javaText('shop.NoItem'));

const lines = (...values: unknown[]): Buffer =>
  Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));

const call =
  'shop.Items/find server | rpc.system.name=dubbo rpc.method=shop.Items/find deepflow.dubbo.service_version=1.0';
const told = (serialization: string, status = 'OK'): string =>
  `deepflow.dubbo.serialization=${serialization} rpc.response.status_code=${status}`;

const exchanges: Exchange[] = [
  [
    'calls are answered by id, of 64 bits',
    [
      request(hessian, 1, hessianCall()),
      request(hessian, 0x7edcba9876543210n, hessianCall()),
      request(hessian, -2, hessianCall()),
    ],
    [
      answer(hessian, -2, u8(0x92)),
      answer(hessian, 0x7edcba9876543210n, join(u8(0x94), text('x'), map({}))),
      answer(hessian, 1, u8(0x92)),
    ],
    [`${call} ${told('hessian2')}`, `${call} ${told('hessian2')}`, `${call} ${told('hessian2')}`],
  ],
  [
    'the service throws',
    [request(hessian, 1, hessianCall({ group: 'g', 'remote.application': 'web' }))],
    [answer(hessian, 1, thrown)],
    [
      `!${call} deepflow.dubbo.group=g deepflow.dubbo.remote_application=web ${told('hessian2')} error.type=shop.NoItem`,
    ],
  ],
  [
    'errors of the server, and of the client',
    [request(hessian, 1, hessianCall()), request(hessian, 2, hessianCall())],
    [answer(hessian, 1, text('pool is full'), 100), answer(hessian, 2, text('bad'), 40)],
    [
      `!${call} ${told('hessian2', 'SERVER_THREADPOOL_EXHAUSTED_ERROR')} error.type=SERVER_THREADPOOL_EXHAUSTED_ERROR`,
      `${call} ${told('hessian2', 'BAD_REQUEST')}`,
    ],
  ],
  [
    'heartbeats of both sides with the id of a call, and a call without answer',
    [
      request(hessian, 5, hessianCall()),
      frame(0x80 | hessian, 0, 6, hessianCall()),
      frame(0x80 | twoWay | 0x20 | hessian, 0, 7, Buffer.from('N')),
    ],
    [
      frame(0x80 | twoWay | 0x20 | hessian, 0, 5, Buffer.from('N')),
      frame(0x20 | hessian, 20, 7, Buffer.from('N')),
      answer(hessian, 5, u8(0x92)),
    ],
    [
      `one_way ${call} deepflow.dubbo.serialization=hessian2`,
      `heartbeat server | rpc.system.name=dubbo rpc.method=heartbeat ${told('hessian2')}`,
      `${call} ${told('hessian2')}`,
      'unanswered heartbeat client | rpc.system.name=dubbo rpc.method=heartbeat deepflow.dubbo.serialization=hessian2',
    ],
  ],
  [
    'Kryo',
    [request(kryo, 1, kryoCall({ path: 'shop.Items', group: 'g' })), request(kryo, 2, kryoCall({ a: 'b' }))],
    [answer(kryo, 1, u8(2)), answer(kryo, 2, join(u8(0, 1, 0), kryoText('shop.NoItem')))],
    [`${call} deepflow.dubbo.group=g ${told('kryo')}`, `!${call} ${told('kryo')} error.type=shop.NoItem`],
  ],
  [
    'Fastjson',
    [request(fastjson, 1, lines(...head, 'I', 7, { group: 'g' })), request(fastjson, 2, lines(...head, '', {}))],
    [
      answer(fastjson, 1, lines(1, { a: 1 })),
      answer(fastjson, 2, lines(0, { '@type': 'shop.NoItem', message: 'gone' })),
    ],
    [`${call} deepflow.dubbo.group=g ${told('fastjson')}`, `!${call} ${told('fastjson')} error.type=shop.NoItem`],
  ],
  [
    'Fastjson 2',
    [request(fastjson2, 1, jsonbCall({ group: 'g' })), request(fastjson2, 2, jsonbCall({}))],
    [answer(fastjson2, 1, join(sized(u8(4)), sized(jsonb('x')))), answer(fastjson2, 2, jsonbThrown)],
    [`${call} deepflow.dubbo.group=g ${told('fastjson2')}`, `!${call} ${told('fastjson2')} error.type=shop.NoItem`],
  ],
  [
    'Java',
    [request(java, 1, javaCall(true, {})), request(nativeJava, 2, javaCall(false, {}))],
    [answer(java, 1, join(hex('aced0005'), block(u8(2)))), answer(nativeJava, 2, javaThrown)],
    [`${call} ${told('java')}`, `!${call} ${told('nativejava')} error.type=shop.NoItem`],
  ],
  [
    'a serialization that is not read still makes a call',
    [request(9, 1, Buffer.from('??'))],
    [answer(9, 1, Buffer.from('?'))],
    [`Dubbo server | rpc.system.name=dubbo ${told('fst')}`],
  ],
];

testConversations(dubbo, exchanges.map(exchange), 3000);

test('trace contexts come from the attachments of every serialization', () => {
  const attachments = { other: 'x', traceparent };
  for (const [serialization, body] of [
    [hessian, hessianCall(attachments)],
    [kryo, kryoCall(attachments)],
    [fastjson, lines(...head, '', attachments)],
    [fastjson2, jsonbCall(attachments)],
    [java, javaCall(true, attachments)],
    [nativeJava, javaCall(false, attachments)],
  ] as const) {
    const stream = createTestStream([dubbo]);
    stream.client(request(serialization, 1, body));
    assert.equal(stream.messages[0]?.trace?.spanId, 'b7ad6b7169203331', `serialization ${serialization}`);
  }
});

test('SkyWalking and EagleEye in attachments', () => {
  const stream = createTestStream([dubbo]);
  const sw8 = `1-${btoa('trace')}-${btoa('segment')}-3-${btoa('service')}-${btoa('instance')}-${btoa('endpoint')}-${btoa('peer')}`;
  stream.client(request(hessian, 1, hessianCall({ sw8 })));
  stream.client(request(hessian, 2, hessianCall({ 'eagleeye-rpcid': '0.1', 'eagleeye-traceid': 'ee' })));
  assert.deepEqual(
    stream.messages.map(({ trace }) => [trace?.traceId, trace?.spanId]),
    [
      ['trace', 'segment-3'],
      ['ee', '0.1'],
    ],
  );
});

test('a generic call tells the method that is meant', () => {
  const stream = createTestStream([dubbo]);
  const body = join(
    ...['2.0.2', 'shop.Items', '1.0', '$invoke', 'Ljava/lang/String;[Ljava/lang/String;', 'find'].map(text),
    'N',
    map({}),
  );
  stream.client(request(hessian, 1, body));
  stream.close();
  assert.match(callLines(stream)[0]!, /shop.Items\/\$invoke .*generic_method=find/);
});

test('the head of a long body suffices', () => {
  const stream = createTestStream([dubbo], { pieces: 1460 });
  const long = join(...head.map(text), text('[B'), Buffer.alloc(1_000_000, 'x'));
  stream.client(request(hessian, 1, long));
  stream.server(answer(hessian, 1, join(u8(0x91), Buffer.alloc(2_000_000, 'x'))));
  const { request: first, response } = stream.calls[0]!;
  assert.deepEqual([first?.method, first?.sizeBytes, response?.sizeBytes], ['find', long.length + 16, 2_000_017]);
});

test('a connection joined in the middle is found again, its client too', () => {
  const stream = createTestStream([dubbo]);
  stream.server(answer(hessian, 1, thrown).subarray(8));
  stream.server(answer(hessian, 2, u8(0x92)));
  stream.client(request(hessian, 3, hessianCall()));
  stream.gap(1, 100);
  stream.server(answer(hessian, 3, u8(0x92)));
  assert.deepEqual(
    callLines(stream).map((line) => line.split(' ', 1)[0]),
    ['unmatched_response', 'shop.Items/find'],
  );
});

test('arguments are counted from their types', () => {
  for (const [types, count] of [
    ['', 0],
    ['I', 1],
    ['[[I', 1],
    ['Ljava/lang/String;J[Ljava/util/Map;', 3],
    ['Lcut', 1],
  ] as const)
    assert.equal(countArguments(types), count, types);
});

test('bodies that Dubbo itself serialized', () => {
  const file = readFileSync(`${import.meta.dirname}/captures/bodies.txt`, 'utf8');
  const read: string[] = [];
  for (const [id, name, kind, digits] of file
    .split('\n')
    .filter((one) => /^\d/.test(one))
    .map((one) => one.split(' '))) {
    const stream = createTestStream([dubbo], { pieces: 11 });
    const body = hex(digits!);
    if (kind === 'request') stream.client(request(Number(id), 1, body));
    else stream.server(answer(Number(id), 1, body, kind === 'error' ? 100 : 20));
    const { endpoint, error, trace } = stream.messages[0]!;
    read.push(`${name} ${kind}: ${[endpoint, error, trace?.spanId].filter((part) => part).join(' ')}`.trim());
  }
  const thrownText = 'java.lang.IllegalStateException: gone';
  assert.deepEqual(
    read,
    ['java', 'compactedjava', 'nativejava', 'kryo', 'fastjson'].flatMap((name) => [
      `${name} request: shop.Items/find b7ad6b7169203331`,
      `${name} none:`,
      `${name} value:`,
      `${name} thrown: ${thrownText}`,
      `${name} error: pool is full`,
    ]),
  );
});

testGoldens(dubbo, `${import.meta.dirname}/captures`);
