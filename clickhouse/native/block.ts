/**
 * A Native block, column by column.
 *
 * Layout: `varint columns, varint rows`, then per column `name, type, data`; strings have a varint length before them.
 */
import { BufferPool } from './buffer-pool.ts';
import { Bytes } from './bytes.ts';

export interface BlockColumn<Rows> {
  name: string;
  type: string;
  /** Writes the column's data for all rows, its prefix included. */
  write(out: Bytes, rows: Rows): void;
}

const chunkSize = 256 * 1024;

/** Bytes a row took in each column of a table's last block: the next block's columns rarely have to grow. */
const lastSizes = new WeakMap<readonly unknown[], Float64Array>();

/**
 * Yields the bytes of one block. A column is written only when its turn comes, so that of a large block no more than a
 * column or two are in memory while the consumer is slow. Chunks lie in buffers of the pool.
 */
export function* writeBlock<Rows>(
  columns: readonly BlockColumn<Rows>[],
  rows: Rows,
  count: number,
  pool: BufferPool = new BufferPool(0),
): Generator<Uint8Array, void> {
  let sizes = lastSizes.get(columns);
  if (!sizes) {
    sizes = new Float64Array(columns.length);
    lastSizes.set(columns, sizes);
  }
  const out = new Bytes(chunkSize, pool);
  out.varint(columns.length);
  out.varint(count);
  for (const [index, column] of columns.entries()) {
    const expected = Math.ceil(1.1 * sizes[index]! * count) + 1024;
    if (out.at + expected > out.bytes.length && out.at > 0) yield out.take(Math.max(expected, chunkSize));
    out.text(column.name);
    out.text(column.type);
    const before = out.at;
    column.write(out, rows);
    sizes[index] = (out.at - before) / count;
  }
  if (out.at > 0) yield out.take(0);
}
