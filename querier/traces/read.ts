/** Reads one trace: all of it, one span of it, or just what a waterfall draws. */
import { hexOrEmpty } from '../../clickhouse/tables/sql.ts';
import { QueryError } from '../errors.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { inTraces, locateTraces, type TraceExtent } from './locate.ts';
import { type SpanRow, spanRowColumns } from './span-row.ts';

/** Spans that one answer may hold; a longer trace is cut at its end. */
export const maxSpans = 100_000;

/** All spans, earliest first. Throws NOT_FOUND. */
export async function readTrace(store: Store, traceId: string, signal: AbortSignal): Promise<SpanRow[]> {
  const extent = await mustLocate(store, traceId, signal);
  const params = new Params();
  return store.select<SpanRow>(
    `SELECT ${spanRowColumns}
     FROM ${store.database}.spans
     WHERE ${inTraces([traceId], extent, params)}
     ORDER BY start_time, span_id
     LIMIT ${maxSpans}`,
    params,
    signal,
  );
}

/** One span with everything it has. Throws NOT_FOUND. */
export async function readSpan(store: Store, traceId: string, spanId: string, signal: AbortSignal): Promise<SpanRow> {
  const extent = await mustLocate(store, traceId, signal);
  const params = new Params();
  const rows = await store.select<SpanRow>(
    `SELECT ${spanRowColumns}
     FROM ${store.database}.spans
     WHERE ${inTraces([traceId], extent, params)} AND span_id = unhex(${params.add('String', spanId)})
     LIMIT 1`,
    params,
    signal,
  );
  if (rows[0] === undefined) throw new QueryError('NOT_FOUND', `Trace ${traceId} has no span ${spanId}.`);
  return rows[0];
}

/** What a waterfall needs of a span. */
export interface SpanOutline {
  spanId: string;
  parentSpanId: string;
  service: string;
  name: string;
  startNs: string;
  durationNs: string;
  status: number;
  kind: number;
  events: number;
}

export async function readOutline(store: Store, traceId: string, signal: AbortSignal): Promise<SpanOutline[]> {
  const extent = await mustLocate(store, traceId, signal);
  const params = new Params();
  return store.select<SpanOutline>(
    `SELECT
       ${hexOrEmpty('span_id')} AS spanId,
       ${hexOrEmpty('parent_span_id')} AS parentSpanId,
       service_name AS service,
       name,
       toUnixTimestamp64Nano(start_time) AS startNs,
       duration_ns AS durationNs,
       status_code AS status,
       kind,
       toUInt32(length(events_time)) AS events
     FROM ${store.database}.spans
     WHERE ${inTraces([traceId], extent, params)}
     ORDER BY start_time, span_id
     LIMIT ${maxSpans + 1}`,
    params,
    signal,
  );
}

async function mustLocate(store: Store, traceId: string, signal: AbortSignal): Promise<TraceExtent> {
  const extent = await locateTraces(store, [traceId], signal);
  if (extent !== undefined) return extent;
  throw new QueryError(
    'NOT_FOUND',
    `Trace ${traceId} is not in the store: it may have passed its retention, or not have arrived yet.`,
  );
}
