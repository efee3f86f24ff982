/** Hands finished windows on, one after the other, and holds them while the next consumer does not take them. */
import type { Clock } from '../../component/clock.ts';
import type { Consumer } from '../../component/consumer.ts';
import { isPermanent } from '../../component/errors.ts';
import type { Batch } from '../../pdata/batch.ts';

export interface OutboxOptions {
  next: Consumer;
  clock: Clock;
  /** Bytes that may wait; beyond it {@link Outbox.room} is pending. */
  maxBytes: number;
  /** How long {@link Outbox.drain} goes on trying. */
  drainMs: number;
  onSent: (points: number) => void;
  onRefused: (error: Error) => void;
  onAccepted: () => void;
  onDropped: (points: number, error: Error) => void;
}

export interface Outbox {
  put(batch: Batch<'metrics'>): void;
  /** Resolves when there is room: the back-pressure of the connector. */
  room(): Promise<void>;
  /** Resolves when everything is handed on, or given up. */
  drain(): Promise<void>;
  sizeBytes(): number;
}

const firstWaitMs = 100;
const longestWaitMs = 5000;

export function createOutbox(options: OutboxOptions): Outbox {
  const { next, clock, maxBytes } = options;
  const waiting: Batch<'metrics'>[] = [];
  let heldBytes = 0;
  let sending: Promise<void> | undefined;
  let outOfTime = false;
  let wakeEarly: (() => void) | undefined;
  const forRoom: (() => void)[] = [];

  async function sendAll(): Promise<void> {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      await send(batch);
      heldBytes -= batch.sizeBytes;
      if (heldBytes <= maxBytes) for (const goOn of forRoom.splice(0)) goOn();
    }
    sending = undefined;
  }

  async function send(batch: Batch<'metrics'>): Promise<void> {
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
      try {
        await next(batch);
        options.onAccepted();
        options.onSent(batch.items);
        return;
      } catch (error) {
        if (isPermanent(error) || outOfTime) return options.onDropped(batch.items, error as Error);
        options.onRefused(error as Error);
        await wait(waitMs * (0.75 + clock.random() / 2));
      }
    }
  }

  function wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      wakeEarly = () => {
        cancel();
        resolve();
      };
    });
  }

  return {
    put(batch) {
      waiting.push(batch);
      heldBytes += batch.sizeBytes;
      sending ??= sendAll();
    },
    async room() {
      while (heldBytes > maxBytes && !outOfTime) await new Promise<void>((resolve) => forRoom.push(resolve));
    },
    async drain() {
      const cancel = clock.after(options.drainMs, () => {
        outOfTime = true;
        wakeEarly?.();
      });
      wakeEarly?.();
      await sending;
      cancel();
      for (const goOn of forRoom.splice(0)) goOn();
    },
    sizeBytes: () => heldBytes,
  };
}
