/** The command line of the fuzzer: what it takes, and what it says of the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signals } from '../../pdata/batch.ts';
import { parseOptions } from './options.ts';

test('what a finding is printed with makes its case again', () => {
  assert.deepEqual(parseOptions('--seed 4 --signal logs --encoding json --case 17'.split(' ')), {
    ...{ campaign: 'otlp', cases: 100_000, seed: 4, case: 17, signals: ['logs'], encodings: ['json'], go: false },
  });
  assert.deepEqual(parseOptions('parsers --only redis --seed 4 --case 17'.split(' ')), {
    ...{ campaign: 'parsers', cases: 100_000, seed: 4, case: 17, protocols: ['redis'] },
  });
  assert.deepEqual(parseOptions('packets --seed 4 --cases 17'.split(' ')), { campaign: 'packets', cases: 17, seed: 4 });
});

test('without options all signals are read, and every parser', () => {
  const otlp = parseOptions([]);
  assert.ok(otlp.campaign === 'otlp');
  assert.deepEqual(otlp.signals, signals);
  const parsers = parseOptions(['parsers']);
  assert.ok(parsers.campaign === 'parsers' && parsers.protocols.length > 25);
});

for (const [line, message] of [
  ['--signal spans', /--signal spans: one of traces, metrics/],
  ['--cases many', /--cases many: a number is expected/],
  ['parsers --only gopher', /--only gopher: one of .*redis/],
  ['packets --case 3', /Unknown option '--case'/],
  ['frames', /Unexpected argument 'frames'/],
] as const)
  test(`says what is wrong with "${line}"`, () => {
    assert.throws(() => parseOptions(line.split(' ')), message);
  });
