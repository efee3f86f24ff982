/** Kernel times become wall times, also after the wall clock was set. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MonotonicTime, systemClocks } from './monotonic.ts';

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

test('the clocks of this machine are read within half a millisecond of each other', () => {
  const one = systemClocks.now();
  const other = systemClocks.now();
  const drift = other.wallNs - one.wallNs - (other.monotonicNs - one.monotonicNs);
  assert.ok(drift < 500_000n && drift > -500_000n, `${drift} ns`);
});
