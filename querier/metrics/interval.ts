/** How often a metric is measured. */
import type { TimeRange } from '../request.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import type { Metric } from './list.ts';
import { pointTables } from './points-sql.ts';

/** Median time between two points of a series; 0 when no series has two. */
export async function medianIntervalMs(
  store: Store,
  metric: Metric,
  { fromNs, toNs }: TimeRange,
  signal: AbortSignal,
): Promise<number> {
  const params = new Params();
  const rows = await store.select<{ intervalMs: number | null }>(
    `SELECT toFloat64(quantileIf(0.5)((last - first) / (points - 1), points > 1)) AS intervalMs
     FROM (
       SELECT
         toUnixTimestamp64Milli(min(time)) AS first, toUnixTimestamp64Milli(max(time)) AS last, uniqExact(time) AS points
       FROM ${store.database}.${pointTables[metric.type]}
       WHERE metric_name = ${params.add('String', metric.name)}
         AND time >= fromUnixTimestamp64Nano(${params.add('Int64', String(fromNs))})
         AND time < fromUnixTimestamp64Nano(${params.add('Int64', String(toNs))})
       GROUP BY series_id LIMIT 1000
     )`,
    params,
    signal,
  );
  const interval = Number(rows[0]?.intervalMs ?? 0);
  return Number.isFinite(interval) ? interval : 0;
}
