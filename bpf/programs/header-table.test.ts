/** Records of header tables: what they say, and those that say more than they have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerEvent } from './event.gen.ts';
import { readHeaderTable } from './header-table.ts';

function record(fields: [string, string][], claimed = fields.length): Buffer {
  const head = Buffer.alloc(headerEvent.size);
  head.writeBigUInt64LE(0xc000123450n, headerEvent.coder);
  head.writeUInt32LE(7, headerEvent.stream);
  head.writeUInt32LE(3, headerEvent.blockLength);
  head.set([0x82, 0xbe, 0xbf], headerEvent.block);
  head.writeUInt32LE(4096, headerEvent.maxSize);
  head.writeUInt32LE(claimed, headerEvent.fields);
  const texts = fields.map(([name, value]) => {
    const sizes = Buffer.alloc(4);
    sizes.writeUInt16LE(name.length, 0);
    sizes.writeUInt16LE(value.length, 2);
    return Buffer.concat([sizes, Buffer.from(name + value, 'latin1')]);
  });
  return Buffer.concat([head, ...texts]);
}

test('a table: its fields in order, and what its block begins with', () => {
  const bytes = record([
    [':path', '/a'],
    ['x', ''],
  ]);
  assert.deepEqual(readHeaderTable(Buffer.concat([Buffer.alloc(5), bytes]), 5, bytes.length), {
    coder: 0xc000123450,
    stream: 7,
    blockLength: 3,
    blockBegin: Buffer.of(0x82, 0xbe, 0xbf),
    maxSize: 4096,
    fields: [
      [':path', '/a'],
      ['x', ''],
    ],
  });
});

test('a record that ends before its fields is refused', () => {
  const bytes = record([[':path', '/a']], 2);
  assert.throws(() => readHeaderTable(bytes, 0, bytes.length), RangeError);
  assert.throws(() => readHeaderTable(bytes, 0, bytes.length - 1), RangeError);
  assert.throws(() => readHeaderTable(bytes, 0, headerEvent.size - 1), RangeError);
});
