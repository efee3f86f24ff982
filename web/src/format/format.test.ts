import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from './duration.ts';
import { formatBytes, formatRate, formatShare, formatShort, formatValue } from './number.ts';
import { formatAgo, nsTextToMs, parseAge } from './time.ts';

const cases: [written: string, expected: string][] = [
  [formatDuration(0), '0 ns'],
  [formatDuration(999), '999 ns'],
  [formatDuration(1_240_000), '1.24 ms'],
  [formatDuration(12_400_000), '12.4 ms'],
  [formatDuration(100_000_000), '100 ms'],
  [formatDuration(90e9), '90.0 s'],
  [formatDuration(3725e9), '62 min 05 s'],
  [formatDuration(Number.NaN), '–'],
  [formatShort(0), '0'],
  [formatShort(199.7), '200'],
  [formatShort(100.02), '100'],
  [formatShort(3.5), '3.5'],
  [formatShort(0.0042), '0.0042'],
  [formatShort(12_345), '12.3 k'],
  [formatShort(4_560_000), '4.56 M'],
  [formatRate(100.3), '100 /s'],
  [formatRate(0.05), '3 /min'],
  [formatRate(0), '0 /s'],
  [formatBytes(3_250_586), '3.10 MiB'],
  [formatBytes(12), '12 B'],
  [formatShare(0, 10), '0 %'],
  [formatShare(1, 1_000_000), '< 0.01 %'],
  [formatShare(3, 0), '–'],
  [formatShare(1, 3), '33 %'],
  [formatValue(0.25, 's'), '250 ms'],
  [formatValue(2048, 'By'), '2.00 KiB'],
  [formatValue(2048, 'By', true), '2.00 KiB/s'],
  [formatValue(3, '{request}', true), '3 requests/s'],
  [formatValue(1, '{packet}'), '1 packet'],
  [formatValue(6, '{packet}'), '6 packets'],
  [formatValue(2, '{entry}'), '2 entries'],
  [formatValue(2, '{jobs}'), '2 jobs'],
  [formatValue(3, '1'), '3'],
  [formatValue(null, 's'), '–'],
  [formatAgo(1000, 43_000), '42 s ago'],
  [formatAgo(0, 7_200_000), '2 h ago'],
  [formatAgo(5000, 0), 'in 5 s'],
];

for (const [written, expected] of cases) {
  test(`writes ${expected}`, () => {
    assert.equal(written, expected);
  });
}

test('reads durations and ages as people write them', () => {
  assert.equal(parseDuration('100ms'), 100e6);
  assert.equal(parseDuration('1.5 s'), 1.5e9);
  assert.equal(parseDuration('20'), 20e6);
  assert.ok(Number.isNaN(parseDuration('fast')));
  assert.equal(parseAge('7d'), 604_800);
  assert.ok(Number.isNaN(parseAge('forever')));
});

test('a nanosecond time becomes milliseconds without losing their fraction', () => {
  assert.equal(nsTextToMs('1790000000123456789'), 1_790_000_000_123.4568);
  assert.equal(nsTextToMs('5000'), 0.005);
});
