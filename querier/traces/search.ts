/** Finds traces: the newest first that have a span for which a predicate holds. */
import { hexOrEmpty } from '../../clickhouse/tables/sql.ts';
import type { TimeRange } from '../request.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { inTraces, locateTraces } from './locate.ts';
import type { Predicate } from './predicate.ts';
import { predicateSql } from './predicate-sql.ts';

export interface TraceSearch {
  range: TimeRange;
  where: Predicate;
  limit: number;
  /** Traces that last longer as a whole are left out. */
  maxTraceNs?: number | undefined;
}

export interface TraceSummary {
  traceId: string;
  startNs: string;
  durationNs: string;
  rootService: string;
  rootName: string;
  hasRoot: boolean;
  spans: number;
  errors: number;
  matched: number;
  services: string[];
}

const traceIdHex = hexOrEmpty('trace_id');
/** Traces looked at when some of them may be left out again for their length. */
const maxCandidates = 2000;

export async function searchTraces(store: Store, search: TraceSearch, signal: AbortSignal): Promise<TraceSummary[]> {
  const candidates = search.maxTraceNs === undefined ? search.limit : Math.min(search.limit * 20, maxCandidates);
  const traceIds = await findTraceIds(store, search, candidates, signal);
  if (traceIds.length === 0) return [];
  const summaries = await summarize(store, traceIds, search.where, signal);
  const { maxTraceNs } = search;
  return summaries
    .filter((summary) => maxTraceNs === undefined || Number(summary.durationNs) <= maxTraceNs)
    .slice(0, search.limit);
}

/** Reads backwards in the order of the table's key, so that it can stop as soon as there are enough. */
async function findTraceIds(store: Store, search: TraceSearch, limit: number, signal: AbortSignal): Promise<string[]> {
  const params = new Params();
  const rows = await store.select<{ traceId: string }>(
    `SELECT ${traceIdHex} AS traceId
     FROM ${store.database}.spans
     WHERE ${spansBetween(search.range, params)} AND ${predicateSql(search.where, params)}
     ORDER BY toStartOfFiveMinutes(start_time) DESC, start_time DESC
     LIMIT 1 BY trace_id
     LIMIT ${params.add('UInt32', limit)}`,
    params,
    signal,
  );
  return rows.map((row) => row.traceId).filter((traceId) => traceId !== '');
}

/** SQL: spans that start within the range. */
export function spansBetween({ fromNs, toNs }: TimeRange, params: Params): string {
  return `start_time >= fromUnixTimestamp64Nano(${params.add('Int64', String(fromNs))})
    AND start_time < fromUnixTimestamp64Nano(${params.add('Int64', String(toNs))})`;
}

async function summarize(
  store: Store,
  traceIds: readonly string[],
  where: Predicate,
  signal: AbortSignal,
): Promise<TraceSummary[]> {
  const extent = await locateTraces(store, traceIds, signal);
  if (extent === undefined) return [];
  const params = new Params();
  const first = "(parent_span_id != toFixedString('', 8), start_time)";
  return store.select<TraceSummary>(
    `SELECT
       ${traceIdHex} AS traceId,
       toUnixTimestamp64Nano(min(start_time)) AS startNs,
       max(toUnixTimestamp64Nano(start_time) + duration_ns) - toUnixTimestamp64Nano(min(start_time)) AS durationNs,
       argMin(service_name, ${first}) AS rootService,
       argMin(name, ${first}) AS rootName,
       CAST(max(parent_span_id = toFixedString('', 8)), 'Bool') AS hasRoot,
       toUInt32(count()) AS spans,
       toUInt32(countIf(status_code = 2)) AS errors,
       toUInt32(countIf(${predicateSql(where, params)})) AS matched,
       arraySort(groupUniqArray(50)(service_name)) AS services
     FROM ${store.database}.spans
     WHERE ${inTraces(traceIds, extent, params)}
     GROUP BY trace_id
     ORDER BY min(start_time) DESC`,
    params,
    signal,
  );
}
