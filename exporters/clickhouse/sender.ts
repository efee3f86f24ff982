/** Takes the segments of one signal to ClickHouse, one after the other, for as long as it takes. */

import type { StoreClient } from '../../clickhouse/client.ts';
import { StoreError, storeError } from '../../clickhouse/errors.ts';
import { type EncoderMemory, insertsOf, type MessageGroup } from '../../clickhouse/inserts.ts';
import type { Clock } from '../../component/clock.ts';
import type { Signal } from '../../pdata/batch.ts';
import { dayOf } from './segment-file.ts';
import type { Segment } from './segment-writer.ts';
import type { Spool } from './spool.ts';

/** Attempts before a segment is put aside: bytes that are refused may have been cut by a dying connection or server. */
const attemptsForData = 3;
const attemptsForUnknown = 10;

export interface SenderOptions {
  signal: Signal;
  client: StoreClient;
  database: string;
  spool: Spool;
  memory: EncoderMemory;
  clock: Clock;
  initialIntervalMs: number;
  maxIntervalMs: number;
  /** Resolves once the schema is there; called before every segment. */
  ready: () => Promise<void>;
  /** Told when the schema turned out to be missing. */
  schemaMissing: () => void;
  onSent: (items: number, durationMs: number) => void;
  onFailure: (error: StoreError) => void;
  onRejected: (items: number, segment: Segment, movedTo: string, error: StoreError) => void;
  signalToStop: AbortSignal;
}

/** Resolves when the spool is sealed and empty, or when told to stop. */
export async function runSender(options: SenderOptions): Promise<void> {
  const { spool, signalToStop } = options;
  for (;;) {
    const segment = await spool.next(options.signal);
    if (!segment || signalToStop.aborted) return;
    await deliver(options, segment);
    if (signalToStop.aborted) return;
  }
}

async function deliver(options: SenderOptions, segment: Segment): Promise<void> {
  let intervalMs = options.initialIntervalMs;
  for (let attempt = 1; !options.signalToStop.aborted; attempt++) {
    try {
      await attemptToSend(options, segment);
      return;
    } catch (thrown) {
      if (options.signalToStop.aborted) return;
      const error = asStoreError(thrown, options.client.endpoint);
      options.memory.known.clear();
      if (await giveUp(options, segment, error, attempt)) return;
      options.onFailure(error);
      if (error.kind === 'schema') options.schemaMissing();
      await wait(options, intervalMs * (0.5 + options.clock.random()));
      intervalMs = Math.min(2 * intervalMs, options.maxIntervalMs);
    }
  }
}

async function attemptToSend(options: SenderOptions, segment: Segment): Promise<void> {
  const { client, clock, database, spool, signalToStop } = options;
  await options.ready();
  const startedMs = clock.nowMs();
  let items = 0;
  function* counted(): Generator<MessageGroup> {
    for (const group of spool.read(segment)) {
      items += sum(group.items);
      yield group;
    }
  }
  const groups = counted();
  const first = groups.next();
  // A file of which nothing was acknowledged may hold no message at all.
  if (!first.done) {
    const wire = {
      signal: segment.signal,
      groups: startingWith(first.value, groups),
      receivedDay: dayOf(segment.openedMs),
    };
    for (const { table, part, columns, chunks } of insertsOf(wire, options.memory)) {
      // The same segment makes the same inserts, so its id, the table and the part are a token that no other insert has.
      await client.insertNative(chunks, {
        database,
        table,
        columns,
        token: `${segment.id}:${table}:${part}`,
        signal: signalToStop,
      });
    }
  }
  await spool.remove(segment);
  options.onSent(items, clock.nowMs() - startedMs);
}

function* startingWith<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}

/** Puts a segment aside that ClickHouse will never take; false while there is hope. */
async function giveUp(options: SenderOptions, segment: Segment, error: StoreError, attempt: number): Promise<boolean> {
  const limit = error.kind === 'data' ? attemptsForData : error.kind === 'unknown' ? attemptsForUnknown : Infinity;
  if (attempt < limit) return false;
  let items = 0;
  for (const group of options.spool.read(segment)) items += sum(group.items);
  const movedTo = await options.spool.reject(segment);
  options.onRejected(items, segment, movedTo, error);
  return true;
}

/** An error that is not the store's comes from reading or encoding the segment: trying again changes nothing. */
function asStoreError(error: unknown, endpoint: string): StoreError {
  if (error instanceof StoreError) return error;
  if ((error as NodeJS.ErrnoException).syscall) return storeError(error, endpoint);
  const { message } = error as Error;
  return new StoreError('data', 0, `cannot be encoded: ${message}; please report this`, { cause: error });
}

function wait({ clock, signalToStop }: SenderOptions, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signalToStop.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signalToStop.addEventListener('abort', end);
  });
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
