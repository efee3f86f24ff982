/** Kernel times become wall times, also after the wall clock was set. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Look, MonotonicTime, readClocks, systemClocks } from './monotonic.ts';

test('follows the wall clock when it is looked at again', () => {
  let now = { monotonicNs: 5_000_000_000n, wallNs: 1_700_000_000_250_000_000n };
  const time = new MonotonicTime({ now: () => now });
  assert.equal(time.clock.epochUnixNs, 1_699_999_999_000_000_000n);
  assert.equal(time.of(5_000_000_000), 1.25e9);
  now = { monotonicNs: 6_000_000_000n, wallNs: 1_700_000_003_250_000_000n };
  time.refresh(59_999);
  assert.equal(time.of(6_000_000_000), 2.25e9);
  time.refresh(60_000);
  assert.equal(time.of(6_000_000_000), 4.25e9);
});

/** The wall clock is a second ahead; it was looked at so many microseconds after it went on, which `errorUs` bounds. */
function look([lateUs, errorUs]: [number, number]): Look {
  return { monotonicNs: BigInt(lateUs * 1000), wallNs: 1_000_000_000n, errorNs: BigInt(errorUs * 1000) };
}

const exact: [number, number] = [0, 1];
const readings: [name: string, looks: [lateUs: number, errorUs: number][], offUs: number][] = [
  [
    'as long as something comes in between, clocks are looked at again',
    [...Array(8).fill([200, 210]), ...Array(5).fill(exact)],
    0,
  ],
  [
    'when something always comes in between, the best is taken',
    [[300, 310], [40, 50], ...Array(18).fill([200, 210])],
    40,
  ],
  ['clocks that jump between two looks are outvoted', [exact, [100, 1], exact, [90, 1], exact], 0],
];
for (const [name, looks, offUs] of readings) {
  test(name, () => {
    const left = looks.map(look);
    assert.equal(readClocks(() => left.shift()!).monotonicNs, BigInt(offUs * 1000));
  });
}

test('the clocks of this machine are read within half a millisecond of each other', () => {
  const one = systemClocks.now();
  const other = systemClocks.now();
  const drift = other.wallNs - one.wallNs - (other.monotonicNs - one.monotonicNs);
  assert.ok(drift < 500_000n && drift > -500_000n, `${drift} ns`);
});
