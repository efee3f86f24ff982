/** What waits for the pipeline: at most so many bytes; the oldest goes when live capture makes more, while files wait. */
import { adoptBody, isBody } from '../../wire/body-pool.ts';
import type { CaptureSignal } from './messages.ts';

/** Finished Export*ServiceRequest messages. */
export type Finished = Readonly<Record<CaptureSignal, readonly Uint8Array[]>>;

export interface Outbox {
  put(finished: Finished): void;
  /** The receiver's answer to bytes that were posted; their memory is used for the next ones. */
  taken(bytes: number, memory?: ArrayBuffer): void;
  /** Resolves when there is room again. */
  room(): Promise<void>;
  /** Resolves when all is taken. */
  empty(): Promise<void>;
}

export interface OutboxOptions {
  limitBytes: number;
  post(signal: CaptureSignal, message: Uint8Array<ArrayBuffer>): void;
  onDropped(bytes: number): void;
}

/** Half of the limit is with the receiver at most, so that the other half can still be dropped. */
export function createOutbox({ limitBytes, post, onDropped }: OutboxOptions): Outbox {
  const waiting: { signal: CaptureSignal; message: Uint8Array<ArrayBuffer> }[] = [];
  let waitingBytes = 0;
  let postedBytes = 0;
  let watchers: { check(): boolean; resolve(): void }[] = [];

  function move(): void {
    while (waiting.length > 0 && (postedBytes === 0 || postedBytes + waiting[0]!.message.length <= limitBytes / 2)) {
      const { signal, message } = waiting.shift()!;
      waitingBytes -= message.length;
      postedBytes += message.length;
      post(signal, message);
    }
    while (waiting.length > 1 && waitingBytes + postedBytes > limitBytes) {
      const { message } = waiting.shift()!;
      waitingBytes -= message.length;
      onDropped(message.length);
    }
    const ready = watchers.filter(({ check }) => check());
    if (ready.length === 0) return;
    watchers = watchers.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  }

  function until(check: () => boolean): Promise<void> {
    if (check()) return Promise.resolve();
    return new Promise((resolve) => watchers.push({ check, resolve }));
  }

  return {
    put(finished) {
      for (const signal of ['traces', 'logs'] as const) {
        for (const message of finished[signal]) {
          waiting.push({ signal, message: own(message) });
          waitingBytes += message.length;
        }
      }
      move();
    },
    taken(bytes, memory) {
      if (memory !== undefined) adoptBody(memory);
      postedBytes -= bytes;
      move();
    },
    room: () => until(() => waitingBytes + postedBytes <= limitBytes / 2),
    empty: () => until(() => waitingBytes + postedBytes === 0),
  };
}

/** The message as the only tenant of its memory, which can then move to another thread. */
function own(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = message;
  const isAlone = buffer instanceof ArrayBuffer && (buffer.byteLength === message.length || isBody(message));
  if (isAlone) return message as Uint8Array<ArrayBuffer>;
  return new Uint8Array(message);
}
