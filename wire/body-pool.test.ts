import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveBody, takeBody } from './body-pool.ts';

test('a body that was given back is used again for one of about its size', () => {
  const first = takeBody(100_000);
  assert.equal(first.length, 100_000);
  assert.equal(giveBody(first), true);
  const second = takeBody(99_000);
  assert.equal(second.buffer, first.buffer);
  assert.equal(second.length, 99_000);
  assert.notEqual(takeBody(99_000).buffer, first.buffer);
});

test('giving twice, or what is not of the pool, changes nothing', () => {
  const body = takeBody(50_000);
  assert.equal(giveBody(body), true);
  assert.equal(giveBody(body), false);
  assert.equal(giveBody(Buffer.alloc(50_000)), false);
  assert.notEqual(takeBody(50_000).buffer, takeBody(50_000).buffer);
});

test('wastes at most an eighth of a block', () => {
  for (const length of [1024, 1025, 3000, 65_537, 676_000, 8 * 1024 * 1024]) {
    const body = takeBody(length);
    assert.equal(body.length, length);
    assert.ok(body.buffer.byteLength <= length * 1.125 + 128, `${length} in ${body.buffer.byteLength}`);
  }
});
