/** Huffman coded strings as RFC 7541 shows them (Appendix C), and such as are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HuffmanDecoder } from './huffman.ts';

test('Huffman codes that are cut, padded wrongly or hold the end mark are not valid', () => {
  const decoder = new HuffmanDecoder();
  const read = (text: string): string | null =>
    decoder.decode(Buffer.from(text, 'hex'), 0, text.length / 2)
      ? decoder.bytes.toString('latin1', 0, decoder.length)
      : null;
  assert.equal(read('f1e3c2e5f23a6ba0ab90f4ff'), 'www.example.com');
  assert.equal(read(''), '');
  assert.equal(read('f1e3c2e5f23a6ba0ab90f4'), null);
  assert.equal(read('f1e3c2e5f23a6ba0ab90f4ffff'), null);
  assert.equal(read('1e'), null);
  assert.equal(read('ffffffff'), null);
});
