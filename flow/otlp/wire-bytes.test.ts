/** The size of a number that is written is the one that is announced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putVarint, varintSize } from './wire-bytes.ts';

test('numbers up to 64 bits take as many bytes as announced', () => {
  const bytes = new Uint8Array(16);
  for (let bits = 0; bits < 64; bits++) {
    for (const value of bits < 53 ? [2 ** bits - 1, 2 ** bits] : [2 ** bits]) {
      assert.equal(varintSize(value), putVarint(bytes, 0, value), String(value));
    }
  }
});
