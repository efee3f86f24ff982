import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptBody, giveBody, isBody, lendBody, takeBody } from './body-pool.ts';

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

test('memory that comes back from another thread is used again', () => {
  const body = takeBody(70_000);
  assert.equal(isBody(body), true);
  const { buffer } = structuredClone(body, { transfer: [body.buffer as ArrayBuffer] });
  adoptBody(buffer as ArrayBuffer);
  assert.equal(takeBody(70_000).buffer, buffer);
});

test('memory of another size, or twice the same, is not adopted', () => {
  const odd = new ArrayBuffer(70_001);
  adoptBody(odd);
  assert.notEqual(takeBody(70_001).buffer, odd);
  const body = takeBody(80_000);
  giveBody(body);
  adoptBody(body.buffer as ArrayBuffer);
  assert.equal(takeBody(80_000).buffer, body.buffer);
  assert.notEqual(takeBody(80_000).buffer, body.buffer);
});

test('what was lent is given back to its owner, once', () => {
  const message = Buffer.allocUnsafeSlow(5000);
  let given = 0;
  lendBody(message, () => {
    given++;
  });
  assert.equal(giveBody(message), true);
  assert.equal(giveBody(message), false);
  assert.deepEqual([given, isBody(message)], [1, false]);
});
