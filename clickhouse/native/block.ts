/**
 * A Native block, column by column.
 *
 * Layout: `varint columns, varint rows`, then per column `name, type, data`; strings have a varint length before them.
 */
import { Bytes } from './bytes.ts';

export interface BlockColumn<Rows> {
  name: string;
  type: string;
  /** Writes the column's data for all rows, its prefix included. */
  write(out: Bytes, rows: Rows): void;
}

const chunkSize = 256 * 1024;

/**
 * Yields the bytes of one block. A column is written only when its turn comes, so that of a large block no more than a
 * column or two are in memory while the consumer is slow. Chunks are never written to again.
 */
export function* writeBlock<Rows>(
  columns: readonly BlockColumn<Rows>[],
  rows: Rows,
  count: number,
): Generator<Uint8Array, void> {
  const out = new Bytes(chunkSize);
  out.varint(columns.length);
  out.varint(count);
  for (const column of columns) {
    out.text(column.name);
    out.text(column.type);
    column.write(out, rows);
    if (out.at >= chunkSize / 2) yield out.take(chunkSize);
  }
  if (out.at > 0) yield out.take(0);
}
