/** Holds batches of one signal until they are large or old enough, and hands them on, one request at a time. */
import type { Clock } from '../../component/clock.ts';
import type { Consumer } from '../../component/consumer.ts';
import type { Context, Processor } from '../../component/define.ts';
import { ConsumeError, isPermanent, retryable } from '../../component/errors.ts';
import { Batch, type Signal } from '../../pdata/batch.ts';
import type { BatchConfig } from './config.ts';
import { batchInstruments } from './instruments.ts';

export interface BatcherOptions {
  context: Pick<Context<BatchConfig>, 'id' | 'config' | 'log' | 'meter' | 'reportStatus'>;
  signal: Signal;
  next: Consumer;
  clock: Clock;
  /** How long shutdown goes on trying to hand on what is held. */
  drainMs?: number;
}

const firstWaitMs = 100;
const longestWaitMs = 5000;

/**
 *             consume                                timer, size, shutdown
 * caller ───────────────► pending batches ───────────────────────────────► next
 *         waits while memory_limit bytes are held;          retries what is not permanent
 *         refused while `next` refuses and they are
 */
export function createBatcher({ context, signal, next, clock, drainMs = 5000 }: BatcherOptions): Processor {
  const { config, log } = context;
  const instruments = batchInstruments(context, signal);
  const pending: Batch[] = [];
  let pendingItems = 0;
  let heldBytes = 0;
  let due = false;
  let cancelTimer: (() => void) | undefined;
  let active = false;
  let sending = Promise.resolve();
  let refusal: Error | undefined;
  let stopping = false;
  let outOfTime = false;
  let wakeEarly: (() => void) | undefined;
  const waiting: (() => void)[] = [];

  async function consume(batch: Batch): Promise<void> {
    if (stopping) throw retryable(`processor ${context.id} is shutting down`);
    while (heldBytes > 0 && heldBytes + batch.sizeBytes > config.memory_limit) {
      if (refusal)
        throw retryable(`processor ${context.id} is full, because the next consumer refuses: ${refusal.message}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (stopping) throw retryable(`processor ${context.id} is shutting down`);
    }
    pending.push(batch);
    pendingItems += batch.items;
    heldBytes += batch.sizeBytes;
    if (pendingItems >= config.send_batch_size || config.timeout === 0) {
      sendReady();
    } else if (!cancelTimer) {
      restartTimer();
    }
  }

  /** What is left when a batch has been taken is due one timeout later. */
  function restartTimer(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (pending.length === 0 || due) return;
    cancelTimer = clock.after(config.timeout, () => {
      cancelTimer = undefined;
      due = true;
      sendReady();
    });
  }

  /** Sends what is ready; does nothing while something is being sent, because that goes on with the rest. */
  function sendReady(): void {
    if (active) return;
    active = true;
    sending = sendAll();
  }

  async function sendAll(): Promise<void> {
    for (;;) {
      const bySize = pendingItems >= config.send_batch_size;
      if (pending.length === 0 || !(bySize || due || stopping || config.timeout === 0)) {
        // In the same step in which nothing is found ready, so that a batch that comes now is not overlooked.
        active = false;
        return;
      }
      if (bySize) instruments.sizeTrigger.add(1);
      else instruments.timeoutTrigger.add(1);
      const taken = take();
      let takenBytes = 0;
      for (const batch of taken) {
        takenBytes += batch.sizeBytes;
        pendingItems -= batch.items;
      }
      if (pending.length === 0) due = false;
      restartTimer();
      for (const request of split(taken)) await deliver(request);
      heldBytes -= takenBytes;
      for (const goOn of waiting.splice(0)) goOn();
    }
  }

  /** As many as make a batch, so that requests do not grow with what a slow consumer lets pile up. */
  function take(): Batch[] {
    let count = 0;
    let items = 0;
    while (count < pending.length && (count === 0 || items < config.send_batch_size)) {
      items += pending[count]!.items;
      count++;
    }
    return pending.splice(0, count);
  }

  /** What cannot be joined or split, against all expectation, is counted and logged; the rest goes on. */
  function split(taken: readonly Batch[]): Batch[] {
    try {
      return requestsOf(taken);
    } catch (error) {
      for (const batch of taken) drop(batch, error as Error);
      return [];
    }
  }

  /** A request of profiles has a dictionary of its own, so profiles are not joined. */
  function requestsOf(taken: readonly Batch[]): Batch[] {
    const joined = signal === 'profiles' ? [...taken] : [Batch.concat(taken)];
    const most = config.send_batch_max_size;
    return most === 0 ? joined : joined.flatMap((batch) => batch.split(most));
  }

  async function deliver(batch: Batch): Promise<void> {
    instruments.items.record(batch.items);
    instruments.bytes.record(batch.sizeBytes);
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      try {
        await next(batch);
        if (refusal) context.reportStatus('ok');
        refusal = undefined;
        return;
      } catch (error) {
        if (isPermanent(error) || outOfTime) return drop(batch, error as Error);
        if (!refusal) refused(error as Error);
        const askedMs = error instanceof ConsumeError ? (error.retryAfterMs ?? 0) : 0;
        await wait(Math.max(askedMs, waitMs * (0.75 + clock.random() / 2)));
      }
    }
  }

  function refused(error: Error): void {
    refusal = error;
    log.warn('The next consumer refuses data; it is kept and sent again.', { error: error.message });
    context.reportStatus('recoverable_error', error.message);
    for (const goOn of waiting.splice(0)) goOn();
  }

  function drop(batch: Batch, error: Error): void {
    instruments.dropped.add(batch.items);
    log.error('Data was dropped, because the next consumer cannot take it.', {
      error: error.message,
      dropped_items: batch.items,
    });
  }

  function wait(delayMs: number): Promise<void> {
    if (outOfTime) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      wakeEarly = () => {
        cancel();
        resolve();
      };
    });
  }

  return {
    consume,
    async shutdown() {
      stopping = true;
      cancelTimer?.();
      for (const goOn of waiting.splice(0)) goOn();
      const cancelDeadline = clock.after(drainMs, () => {
        outOfTime = true;
        wakeEarly?.();
      });
      wakeEarly?.();
      await sending;
      sendReady();
      await sending;
      cancelDeadline();
    },
  };
}
