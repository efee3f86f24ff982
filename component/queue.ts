/** The sending queue of exporters: takes batches, joins them if asked to, and sends them with timeout and retries. */
import type { Batch, Signal } from '../pdata/batch.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Consumer } from './consumer.ts';
import type { Context } from './define.ts';
import { retryable } from './errors.ts';
import { type ExporterCounters, exporterCounters, registerQueueGauges } from './obs.ts';
import { createQueueLane, type QueueLane } from './queue-lane.ts';
import { createRetrier } from './retry.ts';
import { formatDuration } from './schemas/duration.ts';
import type { QueueConfig } from './schemas/queue.ts';
import type { RetryConfig } from './schemas/retry.ts';

export interface QueuedSenderOptions {
  context: Pick<Context<unknown>, 'id' | 'log' | 'meter' | 'reportStatus'>;
  queue: QueueConfig;
  retry: RetryConfig;
  /** One attempt may last this long; 0 means as long as it takes. */
  timeoutMs: number;
  /**
   * Delivers one batch to the peer. Rejects with a ConsumeError, and settles soon after `abort` fires (the attempt's
   * time is up, or the service must stop). An error that is not a ConsumeError counts as retryable.
   */
  send(batch: Batch, abort: AbortSignal): Promise<void>;
  /** How long `shutdown` goes on sending what is queued. */
  drainMs?: number;
  clock?: Clock;
}

export interface QueuedSender {
  consume: Consumer;
  start(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * What an exporter that sends to a network peer returns (or wraps) as its Exporter. Each signal has a queue of its own,
 * as in the OpenTelemetry Collector. What is waiting or under way counts against `queue_size`, and against
 * `memory_limit` bytes, so memory stays bounded however large the batches are.
 *
 * On shutdown, queued data is sent without further waits between attempts for at most `drainMs` (5 s); the rest is
 * counted as failed and logged.
 */
export function createQueuedSender(options: QueuedSenderOptions): QueuedSender {
  const { context, queue, timeoutMs, send, drainMs = 5000, clock = systemClock } = options;
  const lanes = new Map<Signal, QueueLane>();
  const counters = new Map<Signal, ExporterCounters>();
  const underWay = new Set<AbortController>();
  let stopping = false;
  let troubled = false;

  const retrier = createRetrier({
    config: options.retry,
    clock,
    log: context.log,
    onRetry(error) {
      if (troubled) return;
      troubled = true;
      for (const lane of lanes.values()) lane.wake();
      context.reportStatus('recoverable_error', (error as Error).message);
    },
  });

  /** Sends with retries; counts the outcome once and rejects when the batch was given up. */
  async function deliver(batch: Batch): Promise<void> {
    const { sent, sendFailed } = countersOf(batch.signal);
    let attempts = 0;
    try {
      await retrier.run(() => {
        attempts++;
        return attempt(batch);
      });
    } catch (error) {
      sendFailed.add(batch.items);
      throw error;
    }
    sent.add(batch.items);
    // An attempt that failed may still have these bytes on their way into a socket.
    if (attempts === 1) batch.release();
    if (troubled) {
      troubled = false;
      context.reportStatus('ok');
    }
  }

  async function attempt(batch: Batch): Promise<void> {
    const controller = new AbortController();
    let timedOut = false;
    const cancelTimeout =
      timeoutMs > 0 &&
      clock.after(timeoutMs, () => {
        timedOut = true;
        controller.abort();
      });
    underWay.add(controller);
    try {
      await send(batch, controller.signal);
    } catch (error) {
      if (!timedOut) throw error;
      const message = `no answer within ${formatDuration(timeoutMs)}`;
      throw retryable(message, { grpcCode: 'DEADLINE_EXCEEDED', cause: error });
    } finally {
      if (cancelTimeout) cancelTimeout();
      underWay.delete(controller);
    }
  }

  function countersOf(signal: Signal): ExporterCounters {
    let found = counters.get(signal);
    if (!found) {
      found = exporterCounters(context, signal);
      counters.set(signal, found);
    }
    return found;
  }

  function laneOf(signal: Signal): QueueLane {
    let lane = lanes.get(signal);
    if (!lane) {
      lane = createQueueLane({
        signal,
        config: queue,
        clock,
        log: context.log,
        deliver,
        counters: countersOf(signal),
        flowing: () => !troubled,
      });
      registerQueueGauges(context, signal, lane);
      lanes.set(signal, lane);
    }
    return lane;
  }

  return {
    consume(batch) {
      if (stopping) return Promise.reject(retryable(`exporter ${context.id} is shutting down`));
      return queue.enabled ? laneOf(batch.signal).offer(batch) : deliver(batch);
    },
    async start() {},
    async shutdown() {
      stopping = true;
      retrier.stopWaiting();
      const cancelDeadline = clock.after(drainMs, () => {
        for (const lane of lanes.values()) lane.discard();
        for (const controller of underWay) controller.abort();
      });
      await Promise.all([...lanes.values()].map((lane) => lane.drain()));
      cancelDeadline();
    },
  };
}
