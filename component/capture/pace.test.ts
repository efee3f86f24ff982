/** Data leaves a capture thread now and then, and at once when there is much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace } from './pace.ts';

test('the first goes at once, then some in a second, much at once, nothing never', () => {
  let nowMs = 0;
  const isTime = createPace(() => nowMs);
  assert.equal(isTime(10), true);
  nowMs = 199;
  assert.equal(isTime(10), false);
  assert.equal(isTime(1 << 20), true);
  nowMs = 398;
  assert.equal(isTime(10), false);
  nowMs = 399;
  assert.equal(isTime(10), true);
  nowMs = 1000;
  assert.equal(isTime(0), false);
});
