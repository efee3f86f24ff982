/** Which inserts store a segment of OTLP messages: their tables, their order, and their bytes as Native blocks. */
import type { Signal } from '../pdata/batch.ts';
import { codecs } from '../pdata/otlp/codecs.ts';
import type { LogColumns } from '../pdata/otlp/logs.gen.ts';
import type { MetricColumns } from '../pdata/otlp/metrics.gen.ts';
import type { TraceColumns } from '../pdata/otlp/traces.gen.ts';
import { writeBlock } from './native/block.ts';
import { BufferPool } from './native/buffer-pool.ts';
import { KnownSeries } from './tables/known-series.ts';
import { logRows, logs } from './tables/logs.ts';
import { metricRows, newSeriesRows, type PointRows } from './tables/metric-rows.ts';
import { exponentialHistograms, histograms, samples, summaries } from './tables/metrics.ts';
import { sampleRows } from './tables/profile-rows.ts';
import { profileSamples } from './tables/profiles.ts';
import { series } from './tables/series.ts';
import type { StoredTable } from './tables/table.ts';
import { spanRows, spans } from './tables/traces.ts';

/** Checked Export*ServiceRequest messages, and how many items each has. */
export interface MessageGroup {
  messages: readonly Uint8Array[];
  items: readonly number[];
}

/** What is stored together. Each group becomes columns at once; about 8 MiB are best. */
export interface WireMessages {
  signal: Signal;
  groups: Iterable<MessageGroup>;
  /** The day of the partition, in days since 1970-01-01 UTC: part of what makes a repeated insert the same insert. */
  receivedDay: number;
}

export interface Insert {
  table: string;
  /** Which insert into its table this is: the segment, table and part make the token. */
  part: number;
  columns: readonly { name: string }[];
  /** Native blocks; written while they are taken. */
  chunks: Iterable<Uint8Array>;
}

/** What an encoder keeps from segment to segment. */
export interface EncoderMemory {
  known: KnownSeries;
  /** Buffers of the blocks; {@link insertsOf} uses them again for each insert, so the one before has to be done. */
  pool: BufferPool;
  /** Columns that were read before, whose memory the next group uses again. */
  columns: { traces?: TraceColumns; logs?: LogColumns; metrics?: MetricColumns };
}

export function createEncoderMemory(maxKnownSeries: number, poolBytes: number): EncoderMemory {
  return {
    known: new KnownSeries(maxKnownSeries),
    pool: new BufferPool(poolBytes),
    columns: {},
  };
}

/** The inserts, to be run one after the other. Equal input gives equal inserts, but for series already announced. */
export function* insertsOf(wire: WireMessages, memory: EncoderMemory): Generator<Insert> {
  switch (wire.signal) {
    case 'traces':
      yield insert(spans, spanBlocks(wire, memory));
      break;
    case 'logs':
      yield insert(logs, logBlocks(wire, memory));
      break;
    case 'metrics':
      yield* metricInserts(wire, memory);
      break;
    case 'profiles':
      yield insert(profileSamples, profileBlocks(wire, memory));
      break;
    default:
      wire.signal satisfies never;
  }
}

function insert<Rows>({ name, columns }: StoredTable<Rows>, chunks: Iterable<Uint8Array>, part = 0): Insert {
  return { table: name, part, columns, chunks };
}

function* spanBlocks(wire: WireMessages, memory: EncoderMemory): Generator<Uint8Array> {
  memory.pool.release();
  for (const { messages, items } of wire.groups) {
    memory.columns.traces = codecs.traces.read(messages, sum(items), memory.columns.traces);
    const rows = spanRows(memory.columns.traces, wire.receivedDay);
    if (rows.count > 0) yield* writeBlock(spans.columns, rows, rows.count, memory.pool);
  }
}

function* logBlocks(wire: WireMessages, memory: EncoderMemory): Generator<Uint8Array> {
  memory.pool.release();
  for (const { messages, items } of wire.groups) {
    memory.columns.logs = codecs.logs.read(messages, sum(items), memory.columns.logs);
    const rows = logRows(memory.columns.logs, wire.receivedDay);
    if (rows.count > 0) yield* writeBlock(logs.columns, rows, rows.count, memory.pool);
  }
}

/** Each message has a dictionary of its own, so each is a block. */
function* profileBlocks({ groups, receivedDay }: WireMessages, memory: EncoderMemory): Generator<Uint8Array> {
  memory.pool.release();
  for (const { messages, items } of groups) {
    for (const [index, message] of messages.entries()) {
      const rows = sampleRows(codecs.profiles.read([message], items[index]!), receivedDay);
      if (rows.count > 0) yield* writeBlock(profileSamples.columns, rows, rows.count, memory.pool);
    }
  }
}

/** Series come first, so that no point is ever seen without its series. */
function* metricInserts(wire: WireMessages, memory: EncoderMemory): Generator<Insert> {
  let part = 0;
  for (const { messages, items } of wire.groups) {
    memory.columns.metrics = codecs.metrics.read(messages, sum(items), memory.columns.metrics);
    yield* metricGroupInserts(memory.columns.metrics, wire.receivedDay, memory, part++);
  }
}

function* metricGroupInserts(
  columns: MetricColumns,
  receivedDay: number,
  { known, pool }: EncoderMemory,
  part: number,
): Generator<Insert> {
  const { numbers, histograms: explicit, exponentials, summaries: quantiles } = metricRows(columns, receivedDay);
  function* blocks<Rows extends { count: number }>(table: StoredTable<Rows>, parts: readonly Rows[]) {
    pool.release();
    for (const rows of parts) if (rows.count > 0) yield* writeBlock(table.columns, rows, rows.count, pool);
  }
  const announced = [numbers, explicit, exponentials, quantiles].map((points: PointRows) =>
    newSeriesRows(points, known),
  );
  if (announced.some((rows) => rows.count > 0)) yield insert(series, blocks(series, announced), part);
  if (numbers.count > 0) yield insert(samples, blocks(samples, [numbers]), part);
  if (explicit.count > 0) yield insert(histograms, blocks(histograms, [explicit]), part);
  if (exponentials.count > 0) yield insert(exponentialHistograms, blocks(exponentialHistograms, [exponentials]), part);
  if (quantiles.count > 0) yield insert(summaries, blocks(summaries, [quantiles]), part);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
