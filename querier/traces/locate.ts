/** Where in time traces lie, so that reading them touches few parts of the store. */
import { hexOrEmpty } from '../../clickhouse/tables/sql.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';

/** Start of the first and of the last span, nanoseconds as text. */
export interface TraceExtent {
  firstNs: string;
  lastNs: string;
}

/** Undefined when none of the traces is stored. */
export async function locateTraces(
  store: Store,
  traceIds: readonly string[],
  signal: AbortSignal,
): Promise<TraceExtent | undefined> {
  const params = new Params();
  const rows = await store.select<TraceExtent & { found: string }>(
    `SELECT
       toUnixTimestamp64Nano(min(start)) AS firstNs,
       toUnixTimestamp64Nano(max(end)) AS lastNs,
       count() AS found
     FROM ${store.database}.trace_ranges
     WHERE trace_id IN ${params.add('Array(String)', traceIds)}`,
    params,
    signal,
  );
  const row = rows[0];
  return row === undefined || row.found === '0' ? undefined : row;
}

/** SQL: the spans of these traces. The second condition is the expression that the skipping index covers. */
export function inTraces(traceIds: readonly string[], extent: TraceExtent, params: Params): string {
  const ids = params.add('Array(String)', traceIds);
  return `start_time >= fromUnixTimestamp64Nano(${params.add('Int64', extent.firstNs)})
    AND start_time <= fromUnixTimestamp64Nano(${params.add('Int64', extent.lastNs)})
    AND ${hexOrEmpty('trace_id')} IN ${ids}`;
}
