/** What the connector says about itself. */
import type { Context } from '../../component/define.ts';
import type { Counter } from '../../component/telemetry.ts';
import type { Accounting } from './accounting.ts';
import type { Outbox } from './outbox.ts';

export interface RedInstruments {
  sent: Counter;
  dropped: Counter;
}

export function registerInstruments(
  { id, meter }: Pick<Context<unknown>, 'id' | 'meter'>,
  books: Readonly<Record<string, Accounting>>,
  outbox: Outbox,
): RedInstruments {
  for (const [signal, accounting] of Object.entries(books)) {
    const labels = { connector: id, otel_signal: signal };
    const gauge = (name: string, description: string, read: () => number) =>
      meter.gauge(`connector_red_${name}`, description, read, labels);
    gauge('counted_items', 'Spans or flow records that were counted.', () => accounting.counted);
    gauge('ignored_items', 'Items that are no calls or flows.', () => accounting.ignored);
    gauge(
      'late_items',
      'Times an item was counted in a later window, because its own was closed.',
      () => accounting.late,
    );
    gauge('early_items', 'Items dated later than now, which were counted as of now.', () => accounting.early);
    gauge(
      'overflowed_items',
      'Items counted in a series with otel.metric.overflow.',
      () => accounting.series.overflowed,
    );
    gauge(
      'left_out_series',
      'Series of windows that packets told of and processes, too: only what these told was handed on.',
      () => accounting.series.sightings.leftOut,
    );
    gauge('series', 'Series that are kept.', () => accounting.series.keys.size);
  }
  meter.gauge('connector_red_waiting_bytes', 'Bytes that wait for the next consumer.', outbox.sizeBytes, {
    connector: id,
  });
  return {
    sent: meter.counter('connector_red_sent_points', 'Number of metric points handed on.', { connector: id }),
    dropped: meter.counter('connector_red_dropped_points', 'Number of metric points that could not be handed on.', {
      connector: id,
    }),
  };
}
