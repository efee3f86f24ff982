/** Attributes that rows repeat: hostile ones cost bounded space. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttributeTable, valueTypes } from '../../pdata/otlp/attributes.ts';
import { writeMapOf } from './attributes.ts';
import { Bytes } from './bytes.ts';
import { expansionBudget } from './expansion.ts';

test('a resource of a megabyte on a million spans does not become a terabyte', () => {
  const arena = Buffer.alloc(1 << 20, 'x');
  const table = new AttributeTable(1);
  const row = table.add();
  table.key.set([0, 3], 2 * row);
  table.type[row] = valueTypes.string;
  table.value.set([0, arena.length], 2 * row);
  const rows = 1_000_000;
  const out = new Bytes(1024);
  writeMapOf(out, arena, table, new Uint32Array([0, 1]), new Uint32Array(rows), rows);
  const budget = expansionBudget(arena.length);
  assert.ok(out.at < budget + 16 * rows, `${out.at} bytes written`);
  // The offsets of rows beyond the budget stay where they were: their maps are empty.
  const offsets = new DataView(out.bytes.buffer, out.bytes.byteOffset + 8, 8 * rows);
  const entries = Number(offsets.getBigUint64(8 * (rows - 1), true));
  assert.ok(entries < budget / arena.length + 1, `${entries} of ${rows} rows repeat the resource`);
});
