/** One signal's sending queue: bounded, first in first out, with a fixed number of deliveries under way. */
import { Batch, type Signal } from '../pdata/batch.ts';
import type { Clock } from './clock.ts';
import { permanent, retryable } from './errors.ts';
import type { ExporterCounters } from './obs.ts';
import type { QueueConfig } from './schemas/queue.ts';
import type { Logger } from './telemetry.ts';

export interface QueueLane {
  readonly capacity: number;
  /** Waiting and under way, in the unit of `sizer`. */
  size(): number;
  inFlight(): number;
  /** Resolves when the batch is queued (or, with `wait_for_result`, delivered). */
  offer(batch: Batch): Promise<void>;
  /** Takes no new data and resolves when nothing is held. */
  drain(): Promise<void>;
  /** Lets waiting senders look again, because the peer stopped taking data. */
  wake(): void;
  /** Drops what is waiting: the time to drain is over. */
  discard(): void;
}

export interface QueueLaneOptions {
  signal: Signal;
  config: QueueConfig;
  clock: Clock;
  log: Logger;
  /** Whether the peer takes data; while it does, senders wait for it instead of filling the queue. */
  flowing(): boolean;
  /** Sends one joined batch; counts its outcome itself. */
  deliver(batch: Batch): Promise<void>;
  counters: ExporterCounters;
}

/** What one `offer` brought in; it leaves the queue when the last of its parts is done. */
interface Offer {
  units: number;
  bytes: number;
  partsLeft: number;
  error: unknown;
  done: ((error: unknown) => void) | undefined;
}

interface Part {
  batch: Batch;
  size: number;
  queuedMs: number;
  offer: Offer;
}

const accepted = Promise.resolve();

/** The share of `memory_limit` that may be held while the peer takes data: enough to keep it busy, no more. */
const flowShare = 0.125;

export function createQueueLane(options: QueueLaneOptions): QueueLane {
  const { config, clock, log, deliver, counters, flowing } = options;
  // A request of profiles has a dictionary of its own, so profiles are sent one by one.
  const joining = options.signal === 'profiles' ? undefined : config.batch;
  const parts: Part[] = [];
  const blocked: (() => void)[] = [];
  const drained: (() => void)[] = [];
  let partsSize = 0;
  let heldUnits = 0;
  let heldBytes = 0;
  let inFlight = 0;
  let stopping = false;
  let cancelFlush: (() => void) | undefined;

  async function offer(batch: Batch): Promise<void> {
    const units = unitsOf(batch, config.sizer);
    if (units > config.queue_size) {
      counters.enqueueFailed.add(batch.items);
      throw permanent(
        `a batch of ${units} ${config.sizer} is larger than the whole sending_queue (${config.queue_size})`,
      );
    }
    while (!stopping && flowing() && heldBytes > 0 && heldBytes + batch.sizeBytes > flowShare * config.memory_limit) {
      await new Promise<void>((resolve) => blocked.push(resolve));
    }
    while (isFull(units, batch.sizeBytes)) {
      if (!config.block_on_overflow || stopping) {
        counters.enqueueFailed.add(batch.items);
        throw retryable('sending queue is full');
      }
      await new Promise<void>((resolve) => blocked.push(resolve));
    }
    return enqueue(batch, units);
  }

  function isFull(units: number, bytes: number): boolean {
    return heldUnits + units > config.queue_size || (heldBytes > 0 && heldBytes + bytes > config.memory_limit);
  }

  function enqueue(batch: Batch, units: number): Promise<void> {
    heldUnits += units;
    heldBytes += batch.sizeBytes;
    const entry: Offer = { units, bytes: batch.sizeBytes, partsLeft: 0, error: undefined, done: undefined };
    const result = config.wait_for_result
      ? new Promise<void>((resolve, reject) => {
          entry.done = (error) => (error === undefined ? resolve() : reject(error));
        })
      : accepted;
    const queuedMs = joining ? clock.nowMs() : 0;
    for (const piece of pieces(batch)) {
      const size = joining ? unitsOf(piece, joining.sizer) : 0;
      partsSize += size;
      entry.partsLeft++;
      parts.push({ batch: piece, size, queuedMs, offer: entry });
    }
    pump();
    return result;
  }

  function pieces(batch: Batch): Batch[] {
    if (!joining?.max_size) return [batch];
    const size = unitsOf(batch, joining.sizer);
    if (size <= joining.max_size) return [batch];
    return batch.split(Math.max(1, Math.floor((batch.items * joining.max_size) / size)));
  }

  function pump(): void {
    while (inFlight < config.num_consumers && parts.length > 0) {
      const taken = take();
      if (taken.length === 0) break;
      inFlight++;
      void run(taken);
    }
    if (heldUnits === 0 && stopping) for (const resolve of drained.splice(0)) resolve();
  }

  /** The parts of the next request, or none while it is too small and too young. */
  function take(): Part[] {
    if (!joining) return [parts.shift()!];
    const ageMs = clock.nowMs() - parts[0]!.queuedMs;
    if (partsSize < joining.min_size && ageMs < joining.flush_timeout && !stopping) {
      cancelFlush ??= clock.after(joining.flush_timeout - ageMs, () => {
        cancelFlush = undefined;
        pump();
      });
      return [];
    }
    let count = 0;
    let size = 0;
    const most = joining.max_size || Number.POSITIVE_INFINITY;
    while (count < parts.length && (count === 0 || (size < joining.min_size && size + parts[count]!.size <= most))) {
      size += parts[count]!.size;
      count++;
    }
    partsSize -= size;
    return parts.splice(0, count);
  }

  async function run(taken: Part[]): Promise<void> {
    let error: unknown;
    try {
      await deliver(taken.length === 1 ? taken[0]!.batch : Batch.concat(taken.map((part) => part.batch)));
    } catch (cause) {
      error = cause;
    }
    inFlight--;
    finish(taken, error);
    pump();
  }

  function finish(taken: Part[], error: unknown): void {
    let dropped = 0;
    for (const { offer, batch } of taken) {
      if (error !== undefined) {
        offer.error ??= error;
        if (!offer.done) dropped += batch.items;
      }
      if (--offer.partsLeft > 0) continue;
      heldUnits -= offer.units;
      heldBytes -= offer.bytes;
      offer.done?.(offer.error);
    }
    if (dropped > 0) {
      log.error('Exporting failed. Dropping data.', { error: (error as Error).message, dropped_items: dropped });
    }
    wake();
  }

  function wake(): void {
    for (const retry of blocked.splice(0)) retry();
  }

  return {
    capacity: config.queue_size,
    size: () => heldUnits,
    inFlight: () => inFlight,
    offer,
    wake,
    async drain() {
      stopping = true;
      wake();
      cancelFlush?.();
      pump();
      if (heldUnits > 0) await new Promise<void>((resolve) => drained.push(resolve));
    },
    discard() {
      const rest = parts.splice(0);
      partsSize = 0;
      for (const { batch } of rest) counters.sendFailed.add(batch.items);
      if (rest.length > 0) finish(rest, retryable('the service stopped before this data could be sent'));
      pump();
    },
  };
}

function unitsOf(batch: Batch, sizer: QueueConfig['sizer']): number {
  switch (sizer) {
    case 'requests':
      return 1;
    case 'items':
      return batch.items;
    case 'bytes':
      return batch.sizeBytes;
    default:
      return sizer satisfies never;
  }
}
