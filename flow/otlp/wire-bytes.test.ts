/** Numbers are written as long as they are announced, and as what they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putVarint, varintSize, WireBytes } from './wire-bytes.ts';

test('numbers up to 64 bits take as many bytes as announced', () => {
  const bytes = new Uint8Array(16);
  for (let bits = 0; bits < 64; bits++) {
    for (const value of bits < 53 ? [2 ** bits - 1, 2 ** bits] : [2 ** bits]) {
      assert.equal(varintSize(value), putVarint(bytes, 0, value), String(value));
    }
  }
});

test('numbers beyond 32 bits keep all of theirs', () => {
  const bytes = new Uint8Array(16);
  for (const value of [2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 47 - 2 ** 7, Number.MAX_SAFE_INTEGER]) {
    const length = putVarint(bytes, 0, value);
    const read = bytes.subarray(0, length).reduce((sum, byte, index) => sum + (byte & 0x7f) * 128 ** index, 0);
    assert.equal(read, value);
  }
});

test('words of what was written are those bytes again, wherever they are put', () => {
  const name = new WireBytes();
  name.text('http.route');
  const out = new WireBytes(32);
  out.putWords(3, name.words());
  assert.deepEqual(out.bytes.subarray(3, 3 + name.length), name.take());
});
