/** Which inserts store a segment of OTLP messages: their tables, their order, and their bytes as Native blocks. */
import type { Signal } from '../pdata/batch.ts';
import { codecs } from '../pdata/otlp/codecs.ts';
import type { LogColumns } from '../pdata/otlp/logs.gen.ts';
import type { MetricColumns } from '../pdata/otlp/metrics.gen.ts';
import type { TraceColumns } from '../pdata/otlp/traces.gen.ts';
import { flowEventName } from '../pdata/schema/flow-log.ts';
import { redScopeName } from '../pdata/schema/red-metrics.ts';
import { writeBlock } from './native/block.ts';
import { BufferPool } from './native/buffer-pool.ts';
import { type Mark, splitMessage } from './split-messages.ts';
import { flowLog, flowRows } from './tables/flow-log.ts';
import { KnownSeries } from './tables/known-series.ts';
import { logRows, logs } from './tables/logs.ts';
import { metricRows, newSeriesRows, type PointRows } from './tables/metric-rows.ts';
import { exponentialHistograms, histograms, samples, summaries } from './tables/metrics.ts';
import { sampleRows } from './tables/profile-rows.ts';
import { profileSamples } from './tables/profiles.ts';
import { redTables } from './tables/red.ts';
import { type RedRows, redRows } from './tables/red-rows.ts';
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
      yield* logInserts(wire, memory);
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

/** Records of connections have a table of their own; the others go to `logs`. */
function* logInserts(wire: WireMessages, memory: EncoderMemory): Generator<Insert> {
  let part = 0;
  for (const group of wire.groups) {
    const { chosen, rest } = splitGroup(group, flowMark);
    if (rest) yield insert(logs, logBlock(rest, wire.receivedDay, memory), part);
    if (chosen) yield insert(flowLog, flowBlock(chosen, wire.receivedDay, memory), part);
    part++;
  }
}

function* logBlock(group: MessageGroup, receivedDay: number, memory: EncoderMemory): Generator<Uint8Array> {
  memory.pool.release();
  memory.columns.logs = codecs.logs.read(group.messages, sum(group.items), memory.columns.logs);
  const rows = logRows(memory.columns.logs, receivedDay);
  if (rows.count > 0) yield* writeBlock(logs.columns, rows, rows.count, memory.pool);
}

function* flowBlock(group: MessageGroup, receivedDay: number, memory: EncoderMemory): Generator<Uint8Array> {
  memory.pool.release();
  memory.columns.logs = codecs.logs.read(group.messages, sum(group.items), memory.columns.logs);
  const rows = flowRows(memory.columns.logs, receivedDay);
  if (rows.count > 0) yield* writeBlock(flowLog.columns, rows, rows.count, memory.pool);
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

/** What connector `red` made has tables of its own; for the others series come first, so that no point is seen without. */
function* metricInserts(wire: WireMessages, memory: EncoderMemory): Generator<Insert> {
  let part = 0;
  for (const group of wire.groups) {
    const { chosen, rest } = splitGroup(group, redMark);
    if (rest) {
      memory.columns.metrics = codecs.metrics.read(rest.messages, sum(rest.items), memory.columns.metrics);
      yield* metricGroupInserts(memory.columns.metrics, wire.receivedDay, memory, part);
    }
    if (chosen) {
      memory.columns.metrics = codecs.metrics.read(chosen.messages, sum(chosen.items), memory.columns.metrics);
      for (const [number, rows] of redRows(memory.columns.metrics, wire.receivedDay).entries()) {
        if (rows.count > 0) yield insert(redTables[number]!, redBlock(redTables[number]!, rows, memory), part);
      }
    }
    part++;
  }
}

function* redBlock(table: StoredTable<RedRows>, rows: RedRows, { pool }: EncoderMemory): Generator<Uint8Array> {
  pool.release();
  yield* writeBlock(table.columns, rows, rows.count, pool);
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

const flowMark: Mark = { text: Buffer.from(flowEventName), depth: 3, path: [12] };
const redMark: Mark = { text: Buffer.from(redScopeName), depth: 2, path: [1, 1] };

/** The messages that have what is marked, without the rest, and the rest. */
function splitGroup({ messages, items }: MessageGroup, mark: Mark): { chosen?: MessageGroup; rest?: MessageGroup } {
  const chosen = { messages: [] as Uint8Array[], items: [] as number[] };
  const rest = { messages: [] as Uint8Array[], items: [] as number[] };
  for (const [index, message] of messages.entries()) {
    const parts = splitMessage(message, mark);
    // The number of items only sizes the first arrays, so it may be that of the whole.
    for (const [group, part] of [[chosen, parts.chosen] as const, [rest, parts.rest] as const]) {
      if (part === null) continue;
      group.messages.push(part);
      group.items.push(items[index]!);
    }
  }
  return { ...(chosen.messages.length > 0 && { chosen }), ...(rest.messages.length > 0 && { rest }) };
}

/** Items of all messages of a group. */
export function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
