import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, headerAddressText, macText } from './addresses.ts';

const addresses: [words: [number, number, number, number], expected: string][] = [
  [[0, 0, 0xffff, 0x0a00_00ff], '10.0.0.255'],
  [[0, 0, 0xffff, 0xffff_ffff | 0], '255.255.255.255'],
  [[0x2001_0db8, 0, 0, 1], '2001:db8::1'],
  [[0, 0, 0, 0], '::'],
  [[0, 0, 0, 1], '::1'],
  [[0xfe80_0000 | 0, 0, 0x0001_0000, 0], 'fe80::1:0:0:0'],
  [[0x0001_0000, 0, 0x0001_0000, 0x0000_0001], '1::1:0:0:1'],
  [[0x0001_0002, 0x0003_0004, 0x0005_0006, 0x0000_0008], '1:2:3:4:5:6:0:8'],
];

for (const [words, expected] of addresses) {
  test(`writes ${expected} as RFC 5952 has it`, () => assert.equal(addressText(...words), expected));
}

test('reads the addresses of a header, and nothing from one that was cut', () => {
  const header = Buffer.from('4500001400000000400600000a0000010a000002', 'hex');
  assert.equal(headerAddressText(header, 0, 0), '10.0.0.1');
  assert.equal(headerAddressText(header, 0, 1), '10.0.0.2');
  assert.equal(headerAddressText(header.subarray(0, 18), 0, 1), '');
  assert.equal(headerAddressText(header, -1, 0), '');
  assert.equal(macText(Buffer.from('0242ac110002', 'hex'), 0), '02:42:ac:11:00:02');
});
