/** Records are read in the order in which their bytes were on the way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, eventKind } from '../../bpf/programs/event.gen.ts';
import { BatchOrder } from './batch-order.ts';

/** Records of [direction, begin, end] one after the other. */
function ring(records: readonly (readonly [number, number, number])[]): { bytes: DataView; offsets: Uint32Array } {
  const bytes = new DataView(new ArrayBuffer(records.length * event.size));
  const offsets = new Uint32Array(records.length);
  records.forEach(([direction, beginNs, timeNs], index) => {
    const at = index * event.size;
    offsets[index] = at;
    bytes.setUint8(at + event.kind, eventKind.data);
    bytes.setUint8(at + event.direction, direction);
    bytes.setBigUint64(at + event.beginNs, BigInt(beginNs), true);
    bytes.setBigUint64(at + event.timeNs, BigInt(timeNs), true);
  });
  return { bytes, offsets };
}

test('a write counts from its beginning, a read from its end', () => {
  const { bytes, offsets } = ring([
    [0, 10, 30],
    [1, 20, 60],
    [0, 1, 40],
  ]);
  assert.deepEqual([...new BatchOrder().of(bytes, offsets, 3)], [1, 0, 2]);
});

test('equal times stay as they came, near and far', () => {
  for (const count of [5, 5000]) {
    const records = Array.from({ length: count }, () => [0, 0, 7] as const);
    const { bytes, offsets } = ring(records);
    assert.deepEqual(
      [...new BatchOrder().of(bytes, offsets, count)],
      records.map((_, index) => index),
    );
  }
});

test('a record that is far from its place is put there, in a batch of any size', () => {
  const records = Array.from({ length: 9000 }, (_, index) => [0, 0, index === 8999 ? 0 : index + 1] as const);
  const { bytes, offsets } = ring(records);
  const order = [...new BatchOrder().of(bytes, offsets, 9000)];
  assert.deepEqual(order.slice(0, 3), [8999, 0, 1]);
  assert.equal(order[8999], 8998);
});
