import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf, DelayHistogram } from './histogram.ts';

/** Bounds of a bucket in nanoseconds (OTLP: above the lower, up to the upper). */
function bounds(index: number, scale: number): [above: number, upTo: number] {
  const base = 2 ** (2 ** -scale);
  return [base ** index * 1e9, base ** (index + 1) * 1e9];
}

test('a delay falls into the bucket whose bounds hold it', () => {
  for (const delayNs of [1, 999, 1_000_000, 123_456_789, 1_000_000_001, 300e9]) {
    for (const scale of [-2, 0, 3]) {
      const [above, upTo] = bounds(bucketOf(delayNs, scale), scale);
      assert.ok(delayNs > above * (1 - 1e-9) && delayNs <= upTo * (1 + 1e-9), `${delayNs} in (${above}, ${upTo}]`);
    }
  }
});

test('exact powers of the base belong to the bucket below, as OTLP has it', () => {
  assert.equal(bucketOf(1e9, 3), -1);
  assert.equal(bucketOf(2e9, 0), 0);
});

test('values far apart make buckets wider, never more, and each value stays counted in its place', () => {
  const histogram = new DelayHistogram();
  const delays = Array.from({ length: 5000 }, (_, index) => Math.round(1.5 ** (index % 60)) + (index % 7));
  for (const delay of delays) histogram.add(delay);
  assert.ok(histogram.length <= 160);
  const expected = new Map<number, number>();
  for (const delay of delays) {
    const bucket = bucketOf(delay, histogram.scale);
    expected.set(bucket, (expected.get(bucket) ?? 0) + 1);
  }
  const counts = new Map<number, number>();
  for (let index = 0; index < histogram.length; index++) {
    if (histogram.counts[index]! > 0) counts.set(histogram.offset + index, histogram.counts[index]!);
  }
  assert.deepEqual(
    [...counts].sort(([a], [b]) => a - b),
    [...expected].sort(([a], [b]) => a - b),
  );
});

test('cleared, it is as new', () => {
  const histogram = new DelayHistogram();
  for (const delay of [5, 5e9, 1e3]) histogram.add(delay);
  histogram.clear();
  histogram.add(1e6);
  assert.deepEqual([histogram.length, histogram.counts[0], histogram.scale], [1, 1, 3]);
});
