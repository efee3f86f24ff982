import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText } from '../l4/addresses.ts';
import { moreProxyHeader, noProxyHeader, ProxyHeader, readProxyHeader } from './proxy-protocol.ts';

const signature = '0d0a0d0a000d0a515549540a';

/** Length, then who talks with whom. */
function read(bytes: Uint8Array): string {
  const header = new ProxyHeader();
  const padded = Buffer.concat([Buffer.from('zz'), bytes, Buffer.from('zz')]);
  const length = readProxyHeader(padded, 2, 2 + bytes.length, header);
  if (length === noProxyHeader) return 'no';
  if (length === moreProxyHeader) return 'more';
  if (!header.hasAddresses) return `${length} v${header.version}`;
  const source = addressText(header.source0, header.source1, header.source2, header.source3);
  const destination = addressText(header.destination0, header.destination1, header.destination2, header.destination3);
  return `${length} v${header.version} ${source} ${header.sourcePort} > ${destination} ${header.destinationPort}`;
}

const v2 = (rest: string) => Buffer.from(signature + rest.replaceAll(' ', ''), 'hex');
const line = (text: string) => Buffer.from(text, 'latin1');

// The texts and bytes are those of the specification's own examples and of what haproxy sends.
const cases: [name: string, bytes: Uint8Array, expected: string][] = [
  [
    'a line',
    line('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n'),
    '47 v1 192.168.0.1 56324 > 192.168.0.11 443',
  ],
  ['an IPv6 line', line('PROXY TCP6 2001:db8::1 ::1 1 65535\r\n'), '36 v1 2001:db8::1 1 > ::1 65535'],
  ['an IPv4 client at an IPv6 proxy', line('PROXY TCP6 ::ffff:1.2.3.4 fe80::2 1 2\r\n'), '39 v1 1.2.3.4 1 > fe80::2 2'],
  ['an unknown client', line('PROXY UNKNOWN\r\n'), '15 v1'],
  ['an unknown client with the rest', line('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n'), '43 v1'],
  ['IPv4', v2('21 11 000c c0a80001 c0a8000b dc04 01bb'), '28 v2 192.168.0.1 56324 > 192.168.0.11 443'],
  [
    'IPv4 with extensions',
    v2('21 11 0013 c0a80001 c0a8000b dc04 01bb 04 0004 00000000'),
    '35 v2 192.168.0.1 56324 > 192.168.0.11 443',
  ],
  [
    'extensions still to come',
    v2('21 11 ffff c0a80001 c0a8000b dc04 01bb'),
    '65551 v2 192.168.0.1 56324 > 192.168.0.11 443',
  ],
  ['IPv6', v2(`21 21 0024 20010db8${'0'.repeat(23)}1 ${'0'.repeat(31)}1 0001 0002`), '52 v2 2001:db8::1 1 > ::1 2'],
  ['a health check', v2('20 00 0000'), '16 v2'],
  ['a unix socket', v2(`21 31 00d8 ${'00'.repeat(216)}`), '232 v2'],
  ['another version', v2('31 11 000c c0a80001 c0a8000b dc04 01bb'), 'no'],
  ['a length too short for its addresses', v2('21 11 000b c0a80001 c0a8000b dc04 01'), 'no'],
  ['HTTP', line('GET / HTTP/1.1\r\n'), 'no'],
  ['a request that begins alike', line('PROPFIND / HTTP/1.1\r\n'), 'no'],
  ['an empty line', line('\r\nGET / HTTP/1.1\r\n'), 'no'],
  ['no line end', line(`PROXY TCP4 ${'1'.repeat(100)}`), 'no'],
  ['an address that is none', line('PROXY TCP4 192.168.0.256 192.168.0.11 1 2\r\n'), 'no'],
  ['two gaps', line('PROXY TCP6 1::2::3 ::1 1 2\r\n'), 'no'],
  ['a port that is none', line('PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'), 'no'],
  ['a word too many', line('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'), 'no'],
];

for (const [name, bytes, expected] of cases) {
  test(`PROXY header: ${name}`, () => assert.equal(read(bytes), expected));
}

test('asks for more until there is enough', () => {
  for (const whole of [cases[0]![1].subarray(0, 47), cases[5]![1]]) {
    for (let length = 0; length < whole.length; length++)
      assert.equal(read(whole.subarray(0, length)), 'more', `${length}`);
  }
});
