/** Empties the ring: batches in the order of their bytes, for a bounded time in one go. */
import type { Ring } from 'libbpfjs';
import { EventReader } from '../../bpf/programs/event.ts';
import { BatchOrder } from './batch-order.ts';

/** Longest time in one go, so that messages to the thread are heard under any load. */
const turnMs = 20;
/** A batch is ordered as one: large enough for that, small enough for the cache. */
const batchBytes = 1 << 20;
/** After so many looks in vain the ring is looked at more rarely: an idle host should cost nothing. New programs and much data wake us. */
const rests = [
  { after: 75, ms: 250 },
  { after: 25, ms: 100 },
];

export interface EventLoopOptions {
  ring: Ring;
  pollMs: number;
  take(event: EventReader): void;
  /** Hears of a record that could not be taken: it is left out, the next ones are not. */
  onFailure(error: unknown, kind: number): void;
  /** After each batch, and when nothing came. */
  onProgress(): void;
}

export interface EventLoop {
  /** What happened before this (monotonic) time was taken: behind the clock while the reader is behind. */
  readonly readUntilNs: number;
  /** Takes what is there, and stops. */
  stop(): void;
}

export function startEventLoop({ ring, pollMs, take, onFailure, onProgress }: EventLoopOptions): EventLoop {
  const reader = new EventReader(ring.data);
  const order = new BatchOrder();
  let scheduled: NodeJS.Immediate | undefined;
  let stopped = false;
  let readUntilNs = 0;
  /** Looks in a row at which nothing was there. */
  let vain = 0;

  /** False when the ring is empty. */
  function batch(): boolean {
    const nowNs = Number(process.hrtime.bigint());
    const count = ring.claim(batchBytes);
    if (count === 0) {
      readUntilNs = nowNs;
      vain++;
      return false;
    }
    vain = 0;
    const { offsets } = ring;
    for (const index of order.of(reader.view, offsets, count)) {
      reader.at(offsets[index]!);
      try {
        take(reader);
      } catch (error) {
        onFailure(error, reader.kind);
      }
    }
    ring.release();
    return true;
  }

  function turn(): void {
    scheduled = undefined;
    if (stopped) return;
    const endMs = performance.now() + turnMs;
    let more = true;
    while (more && performance.now() < endMs) more = batch();
    onProgress();
    if (more) schedule();
  }

  function schedule(): void {
    scheduled ??= setImmediate(turn);
  }

  function poll(): void {
    turn();
    const rest = rests.find(({ after }) => vain > after);
    timer = setTimeout(poll, Math.max(pollMs, rest?.ms ?? 0));
  }

  ring.onReadable(schedule);
  let timer = setTimeout(poll, pollMs);
  return {
    get readUntilNs() {
      return readUntilNs;
    },
    stop() {
      clearTimeout(timer);
      if (scheduled !== undefined) clearImmediate(scheduled);
      stopped = true;
      // What is in the ring now is all there will be: programs are detached before.
      while (batch()) onProgress();
      onProgress();
    },
  };
}
