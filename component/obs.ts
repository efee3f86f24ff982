/** The instruments that every component of a kind has, so that no component writes their names by hand. */
import { itemNames, type Signal } from '../pdata/batch.ts';
import type { Context } from './define.ts';
import type { Counter, Labels, Meter } from './telemetry.ts';

type Named = Pick<Context<unknown>, 'id' | 'meter'>;

export interface ReceiverCounters {
  /** Items that the next consumer took. */
  accepted: Counter;
  /** Items that the next consumer did not take: the sender may try again. */
  refused: Counter;
  /** Items that this receiver could not read or hand on because of its own failure. */
  failed: Counter;
}

/** Counters of a receiver; `transport` is the word of the listener: `grpc`, `http`. */
export function receiverCounters({ id, meter }: Named, signal: Signal, transport: string): ReceiverCounters {
  const items = itemNames[signal];
  const labels = { receiver: id, transport };
  return {
    accepted: meter.counter(
      `receiver_accepted_${items}`,
      `Number of ${words(items)} pushed into the pipeline.`,
      labels,
    ),
    refused: meter.counter(
      `receiver_refused_${items}`,
      `Number of ${words(items)} that could not be pushed into the pipeline.`,
      labels,
    ),
    failed: meter.counter(
      `receiver_failed_${items}`,
      `Number of ${words(items)} that the receiver failed to read.`,
      labels,
    ),
  };
}

export interface ProcessorCounters {
  /** Items handed to the processor. */
  incoming: Counter;
  /** Items the processor handed on. */
  outgoing: Counter;
}

export function processorCounters({ id, meter }: Named, signal: Signal): ProcessorCounters {
  const labels = { processor: id, otel_signal: signal };
  return {
    incoming: meter.counter('processor_incoming_items', 'Number of items passed to the processor.', labels),
    outgoing: meter.counter('processor_outgoing_items', 'Number of items emitted from the processor.', labels),
  };
}

export interface ExporterCounters {
  /** Items the peer took. */
  sent: Counter;
  /** Items given up after the last attempt. */
  sendFailed: Counter;
  /** Items refused because the queue was full. */
  enqueueFailed: Counter;
}

export function exporterCounters({ id, meter }: Named, signal: Signal): ExporterCounters {
  const items = itemNames[signal];
  const labels: Labels = { exporter: id };
  return {
    sent: meter.counter(`exporter_sent_${items}`, `Number of ${words(items)} sent to the destination.`, labels),
    sendFailed: meter.counter(
      `exporter_send_failed_${items}`,
      `Number of ${words(items)} that could not be sent to the destination.`,
      labels,
    ),
    enqueueFailed: meter.counter(
      `exporter_enqueue_failed_${items}`,
      `Number of ${words(items)} that the full sending queue refused.`,
      labels,
    ),
  };
}

/** The gauges of a sending queue, read at each scrape. */
export function registerQueueGauges(
  { id, meter }: { id: string; meter: Meter },
  signal: Signal,
  queue: { size(): number; capacity: number; inFlight(): number },
): void {
  const labels = { exporter: id, data_type: signal };
  meter.gauge('exporter_queue_size', 'Current size of the sending queue.', queue.size, labels);
  meter.gauge('exporter_queue_capacity', 'Fixed capacity of the sending queue.', () => queue.capacity, labels);
  meter.gauge('exporter_in_flight_requests', 'Requests under way to the destination.', queue.inFlight, labels);
}

function words(items: string): string {
  return items.replace('_', ' ');
}
