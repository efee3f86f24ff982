import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { forbidden, openFixture } from './fixture.ts';

const u32 = (number: number) => new Uint32Array([number]);
const u64 = (number: bigint) => new BigUint64Array([number]);

test('a hash map is looked up, updated, listed and emptied', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const table = object.map('table');
  assert.equal(table.lookup(u64(1n)), undefined);
  assert.equal(table.update(u64(1n), u32(10), 'present'), false);
  assert.equal(table.update(u64(1n), u32(10), 'absent'), true);
  assert.equal(table.update(u64(1n), u32(11), 'absent'), false);
  assert.equal(table.update(u64(1n), u32(12)), true);
  const into = new Uint8Array(4);
  assert.equal(table.lookup(u64(1n), into), into);
  assert.deepEqual([...into], [12, 0, 0, 0]);
  for (const key of [2n, 3n, 4n]) table.update(u64(key), u32(Number(key)));
  assert.throws(() => table.update(u64(5n), u32(5)), { code: 'E2BIG', message: /updating map table/ });
  const keys = table.keys().map((key) => new DataView(key.buffer, key.byteOffset).getBigUint64(0, true));
  assert.deepEqual(keys.sort(), [1n, 2n, 3n, 4n]);
  assert.equal(table.keys(2).length, 2);
  assert.equal(table.delete(u64(1n)), true);
  assert.equal(table.delete(u64(1n)), false);
  assert.equal(table.keys().length, 3);
});

test('keys and values that are too short are refused, not read beyond', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const table = object.map('table');
  assert.throws(() => table.lookup(u32(1)), { code: 'EINVAL', message: /shorter than the map's/ });
  assert.throws(() => table.lookup(u64(1n), new Uint8Array(3)), { code: 'EINVAL' });
  assert.throws(() => table.update(u64(1n), new Uint8Array(3)), { code: 'EINVAL' });
  assert.throws(() => table.delete(u32(1)), { code: 'EINVAL' });
});

test('a per-CPU map has a value for each CPU', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const map = object.map('per_cpu');
  const values = map.lookupPerCpu(u32(1))!;
  assert.ok(values.length >= availableParallelism());
  assert.ok(values.every((value) => value.length === 4));
  const given = new Uint32Array(map.lookupSize / 4);
  given.forEach((_, i) => {
    given[i] = i;
  });
  map.update(u32(1), given);
  const read = map
    .lookupPerCpu(u32(1))!
    .map((value) => new DataView(value.buffer, value.byteOffset).getUint32(0, true));
  // Values lie 8 bytes apart, so every second of the numbers given is one.
  assert.deepEqual(
    read,
    values.map((_, i) => i * 2),
  );
});

test('a map is not to be used after its object was closed', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const table = object.map('table');
  object.close();
  assert.throws(() => table.lookup(u64(1n)), { code: 'EBADF', message: /the object is closed/ });
});
