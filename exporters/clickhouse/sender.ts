/** Takes the segments of one signal to ClickHouse, one after the other, for as long as it takes. */

import type { StoreClient } from '../../clickhouse/client.ts';
import { type EncoderMemory, insertsOf, type MessageGroup, sum } from '../../clickhouse/inserts.ts';
import type { Clock } from '../../component/clock.ts';
import type { Signal } from '../../pdata/batch.ts';
import { asDeliveryError, type DeliveryError, encoding } from './delivery-error.ts';
import { dayOf } from './segment-file.ts';
import type { Segment } from './segment-writer.ts';
import type { Spool } from './spool.ts';

/** Attempts before a segment is put aside, where more cannot help. */
const attemptsFor: Partial<Record<DeliveryError['kind'], number>> = {
  // Bytes that are refused may have been cut by a dying connection or server.
  data: 3,
  unknown: 10,
  // The same bytes give the same rows, so they fail again.
  encoding: 1,
  file: 10,
};

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
  onFailure: (error: DeliveryError) => void;
  /** Told of a segment that was put aside; `movedTo` is undefined when its file is gone. */
  onRejected: (items: number, segment: Segment, movedTo: string | undefined, error: DeliveryError) => void;
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
      const error = asDeliveryError(thrown, segment);
      options.memory.known.clear();
      // Columns that were given up half read are not read into again.
      options.memory.columns = {};
      if (attempt >= (attemptsFor[error.kind] ?? Infinity) && (await putAside(options, segment, error))) return;
      options.onFailure(error);
      if (error.kind === 'schema') options.schemaMissing();
      await wait(options, intervalMs * (0.5 + options.clock.random()));
      intervalMs = Math.min(2 * intervalMs, options.maxIntervalMs);
    }
  }
}

async function attemptToSend(options: SenderOptions, segment: Segment): Promise<void> {
  const { clock, spool } = options;
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
  try {
    const first = groups.next();
    // A file of which nothing was acknowledged may hold no message at all.
    if (!first.done) await insertAll(options, segment, startingWith(first.value, groups));
  } finally {
    // A request that ended before it read its body has not closed the file.
    groups.return(undefined);
  }
  await spool.remove(segment);
  options.onSent(items, clock.nowMs() - startedMs);
}

async function insertAll(options: SenderOptions, segment: Segment, groups: Iterable<MessageGroup>): Promise<void> {
  const { client, database, memory, signalToStop } = options;
  const wire = { signal: segment.signal, groups, receivedDay: dayOf(segment.openedMs) };
  for (const { table, part, columns, chunks } of encoding(segment.signal, insertsOf(wire, memory))) {
    // The same segment makes the same inserts, so its id, the table and the part are a token that no other insert has.
    await client.insertNative(encoding(`table ${table}`, chunks), {
      database,
      table,
      columns,
      token: `${segment.id}:${table}:${part}`,
      signal: signalToStop,
    });
  }
}

function* startingWith<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}

/** Puts a segment aside that ClickHouse will never have; false when that failed too. */
async function putAside(options: SenderOptions, segment: Segment, error: DeliveryError): Promise<boolean> {
  const items = countItems(options.spool.read(segment));
  try {
    options.onRejected(items, segment, await options.spool.reject(segment), error);
    return true;
  } catch {
    // The disk is in trouble: the segment stays where it is, and so does the error.
    return false;
  }
}

/** What can be read of a file that may be broken. */
function countItems(groups: Iterable<MessageGroup>): number {
  let items = 0;
  try {
    for (const group of groups) items += sum(group.items);
  } catch {}
  return items;
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
