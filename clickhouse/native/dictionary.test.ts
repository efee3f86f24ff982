/** The dictionary of LowCardinality columns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dictionary } from './dictionary.ts';

test('equal strings get one code, different ones different codes, and the empty string 0', () => {
  const words = Array.from({ length: 20_000 }, (_, i) => `word ${i % 5000}`);
  const arena = Buffer.from(words.join(''));
  const dictionary = new Dictionary();
  for (let round = 0; round < 2; round++) {
    dictionary.reset(arena);
    const seen = new Map<string, number>();
    let at = 0;
    for (const word of words) {
      const code = dictionary.code(at, word.length);
      at += word.length;
      assert.equal(code, seen.get(word) ?? seen.size + 1);
      seen.set(word, code);
    }
    assert.equal(dictionary.size, 5001);
  }
  assert.equal(dictionary.code(3, 0), 0);
});

test('a sequence that repeats is told apart from one that only begins alike', () => {
  const arena = Buffer.from('abcdefghabcdefghabcdefgX');
  const dictionary = new Dictionary();
  dictionary.reset(arena);
  assert.deepEqual(
    [
      dictionary.code(0, 8),
      dictionary.code(8, 8),
      dictionary.code(16, 8),
      dictionary.code(8, 7),
      dictionary.code(16, 7),
    ],
    [1, 1, 2, 3, 3],
  );
});
