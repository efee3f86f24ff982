import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HistogramPool, maxBuckets } from './histograms.ts';

/** Buckets by index, found by looking for the borders that hold each value. */
function bucketsByBorders(values: readonly number[], scale: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const value of values) {
    let index = Math.floor(Math.log2(value) * 2 ** scale) - 2;
    while (2 ** ((index + 1) / 2 ** scale) < value) index++;
    found.set(index, (found.get(index) ?? 0) + 1);
  }
  return found;
}

function bucketsOf(pool: HistogramPool, h: number): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < pool.length[h]!; i++) {
    const count = pool.buckets[h * maxBuckets + i]!;
    if (count > 0) found.set(pool.offset[h]! + i, count);
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

const sorted = (buckets: Map<number, number>) => [...buckets].sort(([a], [b]) => a - b);

const series: [name: string, values: number[], scale: number][] = [
  ['one value', [0.001_234], 20],
  ['powers of two, which belong below their border', [0.25, 0.5, 1, 2, 4], 5],
  ['from 1 us to 100 s, falling', Array.from({ length: 400 }, (_, i) => 100 * 0.955 ** i), 2],
  ['from 1 us to 100 s, rising', Array.from({ length: 400 }, (_, i) => 1e-6 * 1.047 ** i), 2],
  ['from 1e-300 to 1e300', [1e300, 1e-300, 1], -4],
];

for (const [name, values, scale] of series) {
  test(`buckets: ${name}`, () => {
    const pool = new HistogramPool();
    pool.create();
    const h = pool.create();
    for (const value of values) pool.record(h, value);
    assert.equal(pool.scale[h], scale);
    assert.ok(pool.length[h]! <= maxBuckets);
    assert.equal(pool.count[h], values.length);
    assert.equal(pool.min[h], Math.min(...values));
    assert.equal(pool.max[h], Math.max(...values));
    assert.deepEqual(sorted(bucketsOf(pool, h)), sorted(bucketsByBorders(values, scale)));
  });
}

test('zeros are counted apart from the buckets', () => {
  const pool = new HistogramPool();
  const h = pool.create();
  pool.record(h, 0);
  pool.record(h, 1);
  assert.deepEqual([pool.count[h], pool.zeros[h], pool.length[h]], [2, 1, 1]);
});

test('merging histograms of any scale is recording their values', () => {
  const values = [
    Array.from({ length: 50 }, (_, i) => 0.001 + i * 1e-6),
    Array.from({ length: 50 }, (_, i) => 0.000_1 * 1.2 ** i),
  ];
  for (const order of [[0, 1] as const, [1, 0] as const]) {
    const pool = new HistogramPool();
    const merged = pool.create();
    for (const one of order) {
      const part = pool.create();
      for (const value of values[one]!) pool.record(part, value);
      pool.addTotals(merged, pool.count[part]!, 0, pool.sum[part]!, pool.min[part]!, pool.max[part]!);
      for (const [index, count] of bucketsOf(pool, part)) pool.addBucket(merged, pool.scale[part]!, index, count);
    }
    assert.equal(pool.count[merged], 100);
    assert.deepEqual(sorted(bucketsOf(pool, merged)), sorted(bucketsByBorders(values.flat(), pool.scale[merged]!)));
    assert.ok(pool.scale[merged]! >= 3, 'merging makes no coarser than it must');
  }
});

test('a pool that is cleared starts with empty buckets', () => {
  const pool = new HistogramPool();
  for (let i = 0; i < 20; i++) pool.record(pool.create(), i + 1);
  pool.clear();
  const h = pool.create();
  pool.record(h, 3);
  assert.equal([...bucketsOf(pool, h).values()].length, 1);
});
