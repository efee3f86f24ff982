/** Records of header tables: what they say, and those that say more than they have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerRecord } from '../testing/header-record.ts';
import { headerEvent } from './event.gen.ts';
import { readHeaderTable } from './header-table.ts';

const block = Buffer.of(0x82, 0xbe, 0xbf);

test('a table: its fields in order, and what its block begins with', () => {
  const fields = [
    [':path', '/a'],
    ['x', ''],
  ] as const;
  const bytes = headerRecord({ coder: 0xc000123450, stream: 7, block, fields });
  assert.deepEqual(readHeaderTable(Buffer.concat([Buffer.alloc(5), bytes]), 5, bytes.length), {
    coder: 0xc000123450,
    stream: 7,
    blockLength: 3,
    blockBegin: block,
    maxSize: 4096,
    fields,
  });
});

test('a record that ends before its fields is refused', () => {
  const bytes = headerRecord({ coder: 1, block, fields: [[':path', '/a']], claimed: 2 });
  assert.throws(() => readHeaderTable(bytes, 0, bytes.length), RangeError);
  assert.throws(() => readHeaderTable(bytes, 0, bytes.length - 1), RangeError);
  assert.throws(() => readHeaderTable(bytes, 0, headerEvent.size - 1), RangeError);
});
