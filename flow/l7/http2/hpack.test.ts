/** HPACK as RFC 7541 shows it (Appendix C), and as an observer reads it who came late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderNames, headerNames } from '../http/header-names.ts';
import { hex } from '../testing/bytes.ts';
import { plainOptions } from '../testing/plain-options.ts';
import { HpackDecoder } from './hpack.ts';

const names: HeaderNames = headerNames({
  ...plainOptions,
  capturedHeaders: ['custom-key', 'cache-control', 'date', 'location', 'set-cookie', 'content-encoding'],
});

function decode(decoder: HpackDecoder, block: Buffer): string {
  const found: string[] = [];
  const ok = decoder.decode(block, 0, block.length, {
    field: (kind, value) => found.push(`${names.table.names[kind]}: ${value}`),
    unknownField: (kind) => found.push(kind < 0 ? '?' : `${names.table.names[kind]}?`),
  });
  return (ok ? '' : '! ') + found.join(', ');
}

const get = ':method: GET, :scheme: http, :path: /, :authority: www.example.com';
const requests: [name: string, block: string, fields: string][] = [
  ['C.4.1', '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', get],
  ['C.4.2', '8286 84be 5886 a8eb 1064 9cbf', `${get}, cache-control: no-cache`],
  [
    'C.4.3',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ':method: GET, :scheme: https, :path: /index.html, :authority: www.example.com, custom-key: custom-value',
  ],
];
const date = 'date: Mon, 21 Oct 2013 20:13';
const location = 'location: https://www.example.com';
const responses: [name: string, block: string, fields: string][] = [
  [
    'C.6.1',
    '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
    `:status: 302, cache-control: private, ${date}:21 GMT, ${location}`,
  ],
  ['C.6.2', '4883 640e ffc1 c0bf', `:status: 307, cache-control: private, ${date}:21 GMT, ${location}`],
  [
    'C.6.3',
    '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    `:status: 200, cache-control: private, ${date}:22 GMT, ${location}, content-encoding: gzip, set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1`,
  ],
];

test('the requests of the RFC', () => {
  const decoder = new HpackDecoder(names, true);
  for (const [name, block, fields] of requests) assert.equal(decode(decoder, hex(block)), fields, name);
});

test('the responses of the RFC', () => {
  const decoder = new HpackDecoder(names, true);
  for (const [name, block, fields] of responses) assert.equal(decode(decoder, hex(block)), fields, name);
});

test('an observer who missed the first block has the right names for what came later, and says what is missing', () => {
  const decoder = new HpackDecoder(names, false);
  assert.equal(
    decode(decoder, hex(requests[1]![1])),
    ':method: GET, :scheme: http, :path: /, ?, cache-control: no-cache',
  );
  assert.equal(
    decode(decoder, hex(requests[2]![1])),
    ':method: GET, :scheme: https, :path: /index.html, ?, custom-key: custom-value',
  );
  assert.equal(decode(decoder, hex('be bf c0 c1')), 'custom-key: custom-value, cache-control: no-cache, ?, ?');
});

test('a value under an unknown name is unknown, and keeps its place', () => {
  const decoder = new HpackDecoder(names, false);
  assert.equal(decode(decoder, hex('7e 01 61')), '?');
  assert.equal(decode(decoder, hex('58 01 62 be bf')), 'cache-control: b, cache-control: b, ?');
});

test('after lost bytes all is unknown', () => {
  const decoder = new HpackDecoder(names, true);
  decode(decoder, hex(requests[0]![1]));
  decoder.forget();
  assert.equal(decode(decoder, hex('be')), '?');
});

test('the table shrinks when it is told to, and is never larger than it may be', () => {
  const decoder = new HpackDecoder(names, true);
  decode(decoder, hex('58 01 61 58 01 62'));
  assert.equal(decode(decoder, hex('3f 0f be bf')), 'cache-control: b, ?');
  assert.equal(decode(decoder, hex('20 be')), '?');
  assert.equal(decode(decoder, hex('3f ffffff07 58 01 61 be')), 'cache-control: a, cache-control: a');
  const big = Buffer.concat([hex('58 7f 81 4e'), Buffer.alloc(10_112, 0x61)]);
  for (let round = 0; round < 100; round++) decode(decoder, big);
  assert.equal(decode(decoder, hex('bf')).length, 10_112 + 'cache-control: '.length);
  assert.equal(decode(decoder, hex('d0')), '?');
});

const broken = ['80', '40', '40 05 61', 'ff ff ff ff ff ff', '7f', '00 85 ff ff ff ff', '3f'];

test('blocks that are not valid leave the table unknown', () => {
  for (const block of broken) {
    const decoder = new HpackDecoder(names, true);
    decode(decoder, hex(requests[0]![1]));
    assert.match(decode(decoder, hex(block)), /^!/, block);
    assert.equal(decode(decoder, hex('be')), '?', block);
  }
});
