import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable, median, spread } from './report.ts';

test('the median is the value in the middle, or the mean of the two', () => {
  const cases: [values: number[], expected: number][] = [
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 10, 2], 3],
  ];
  for (const [values, expected] of cases) assert.equal(median(values), expected);
  assert.throws(() => median([]), /nothing/);
});

test('a spread shows the median and the range, and says when no round succeeded', () => {
  assert.equal(spread([2, 1, 4], 1), '2.0 (1.0–4.0)');
  assert.equal(spread([2.345], 2), '2.35');
  assert.equal(spread([], 2), 'failed');
});

test('a table lines up', () => {
  const table = formatTable({
    heads: ['case', 'who', 'n'],
    rows: [
      ['otlp/spans', 'go', '5'],
      ['x', 'ours', '12'],
    ],
  });
  assert.equal(
    table,
    ['case        who    n', '──────────  ────  ──', 'otlp/spans  go     5', 'x           ours  12'].join('\n'),
  );
});
