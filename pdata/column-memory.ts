/** Columns for whoever only looks at batches, one after the other, and keeps nothing of them. */
import type { Batch, ColumnsBySignal, Signal } from './batch.ts';
import { codecs } from './otlp/codecs.ts';

/**
 * Reads each batch into the memory of the one before. New typed arrays for every batch made a looker cost twice as much:
 * most of it was garbage collection.
 */
export class ColumnMemory<S extends Signal> {
  #own: ColumnsBySignal[S] | undefined;

  /** The columns of the batch, good until the next call; the batch's own when somebody has read them already. */
  columnsOf(batch: Batch<S>): ColumnsBySignal[S] {
    if (batch.hasColumns) return batch.columns;
    this.#own = codecs[batch.signal].read(batch.wire, batch.items, this.#own as never) as ColumnsBySignal[S];
    return this.#own;
  }
}
