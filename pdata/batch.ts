/** A batch: the unit that flows through every pipeline, as OTLP wire bytes, as columns, or both. */

import { giveBody } from '../wire/body-pool.ts';
import { codecs } from './otlp/codecs.ts';
import type { LogColumns } from './otlp/logs.gen.ts';
import type { MetricColumns } from './otlp/metrics.gen.ts';
import type { ProfileColumns } from './otlp/profiles.gen.ts';
import type { TraceColumns } from './otlp/traces.gen.ts';

export type Signal = 'traces' | 'metrics' | 'logs' | 'profiles';
export const signals: readonly Signal[] = ['traces', 'metrics', 'logs', 'profiles'];

export interface ColumnsBySignal {
  traces: TraceColumns;
  metrics: MetricColumns;
  logs: LogColumns;
  profiles: ProfileColumns;
}

/** What one item of a signal is called in the Collector's metrics (`otelcol_receiver_accepted_spans`). */
export const itemNames: Record<Signal, string> = {
  traces: 'spans',
  metrics: 'metric_points',
  logs: 'log_records',
  profiles: 'profile_samples',
};

/**
 * An immutable batch of one signal. Whoever holds one may share it with anyone: a component that changes data makes a
 * new batch from new columns.
 *
 * The wire form is a list of complete, already checked `Export*ServiceRequest` messages. Joining batches joins the
 * lists, and for all signals but profiles (whose dictionary is per message) the bytes of the list, one after the
 * other, are themselves one valid message. Columns are read from the wire once, when the first component looks.
 */
export class Batch<S extends Signal = Signal> {
  readonly signal: S;
  /** Spans, metric data points, log records or profile samples. */
  readonly items: number;
  /** Bytes of the wire form, or of the columns' arena where there is no wire form yet. */
  readonly sizeBytes: number;
  #wire: readonly Uint8Array[] | null;
  #columns: ColumnsBySignal[S] | null;
  /** How many have this batch; infinite when its bytes are part of a joined one. */
  #holders = 1;

  private constructor(
    signal: S,
    items: number,
    sizeBytes: number,
    wire: readonly Uint8Array[] | null,
    columns: ColumnsBySignal[S] | null,
  ) {
    this.signal = signal;
    this.items = items;
    this.sizeBytes = sizeBytes;
    this.#wire = wire;
    this.#columns = columns;
  }

  /**
   * Checks one `Export*ServiceRequest` message completely (framing, wire types, id lengths, nesting) and takes
   * ownership of its bytes. Throws {@link MalformedOtlp} and keeps nothing when the message is not valid.
   */
  static fromWire<S extends Signal>(signal: S, message: Uint8Array): Batch<S> {
    return new Batch(signal, codecs[signal].check(message), message.length, [message], null);
  }

  static fromColumns<S extends Signal>(signal: S, columns: ColumnsBySignal[S]): Batch<S> {
    return new Batch(signal, columns.items, columns.arena.length, null, columns);
  }

  /** Joins batches of one signal without copying their bytes. */
  static concat<S extends Signal>(batches: readonly Batch<S>[]): Batch<S> {
    const first = batches[0]!;
    if (batches.length === 1) return first;
    let items = 0;
    let sizeBytes = 0;
    const wire: Uint8Array[] = [];
    let holders = 1;
    for (const batch of batches) {
      if (batch.#holders > 1) holders = Number.POSITIVE_INFINITY;
      items += batch.items;
      sizeBytes += batch.sizeBytes;
      for (const message of batch.wire) wire.push(message);
    }
    const joined = new Batch<S>(first.signal, items, sizeBytes, wire, null);
    joined.#holders = holders;
    return joined;
  }

  /** The OTLP messages of this batch; written from columns, once, when they are the only form. */
  get wire(): readonly Uint8Array[] {
    if (this.#wire === null) {
      if (this.#columns === null) throw new Error('this batch was released');
      this.#wire = [codecs[this.signal].write(this.#columns as never)];
    }
    return this.#wire;
  }

  /** The columns of this batch; read from the wire, once. Treat them as read-only. */
  get columns(): ColumnsBySignal[S] {
    this.#columns ??= codecs[this.signal].read(this.wire, this.items) as ColumnsBySignal[S];
    return this.#columns;
  }

  /** Whether somebody has read the columns already, so that {@link columns} costs nothing. */
  get hasColumns(): boolean {
    return this.#columns !== null;
  }

  /** Says that it is handed to so many instead of one: the last of them to {@link release} it gives its memory back. */
  share(holders: number): void {
    this.#holders += holders - 1;
  }

  /**
   * Gives the memory of the wire bytes back for the next request. Once, and only for one who was handed this batch, has kept
   * it from everybody else, and will never look at it again, nor at batches joined from it; optional even then.
   */
  release(): void {
    this.#holders--;
    if (this.#holders > 0 || this.#wire === null) return;
    let given = false;
    for (const message of this.#wire) given = giveBody(message) || given;
    if (!given) return;
    this.#wire = null;
    this.#columns = null;
  }

  /** Parts of at most `maxItems` items each, in order. */
  split(maxItems: number): Batch<S>[] {
    if (this.items <= maxItems) return [this];
    const parts: Batch<S>[] = [];
    for (let from = 0; from < this.items; from += maxItems) {
      const to = Math.min(from + maxItems, this.items);
      const message = codecs[this.signal].write(this.columns as never, from, to);
      parts.push(new Batch<S>(this.signal, to - from, message.length, [message], null));
    }
    return parts;
  }
}
