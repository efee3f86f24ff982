/** Requests, errors and durations of each service that was asked, from the metrics of calls. */
import type { TimeRange } from '../request.ts';
import type { ServiceRed } from '../services/red.ts';
import { coveredSeconds } from '../store/covered-seconds.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { pointRank } from './observation.ts';
import { mergedBuckets, quantileNs } from './quantile-sql.ts';
import { resolutionFor, windowsBetween } from './table.ts';

/**
 * Also those of which only clients tell. Most trouble first. A client's mistake, as a 404 is, is none of the server's errors: so its span says
 * (OpenTelemetry semantic conventions, HTTP spans, status), and so do these figures.
 */
export async function calledServices(
  store: Store,
  range: TimeRange,
  nowMs: number,
  signal: AbortSignal,
): Promise<ServiceRed[]> {
  const params = new Params();
  const table = `${store.database}.call_metrics_${resolutionFor(range, nowMs)}`;
  const within = windowsBetween(range, params);
  const seconds = coveredSeconds({ table, column: 'time', within }, range, params);
  return store.select<ServiceRed>(
    `SELECT
       server AS service, best.1 AS requests, best.2 AS errors, best.1 / ${seconds} AS perSecond,
       ${quantileNs('best.3', 0.5)} AS p50Ns,
       ${quantileNs('best.3', 0.9)} AS p90Ns,
       ${quantileNs('best.3', 0.99)} AS p99Ns
     FROM (
       SELECT server, argMin(figures, rank) AS best
       FROM (
         SELECT
           server, ${pointRank('observation_point')} AS rank,
           (toFloat64(sum(requests)), toFloat64(sum(server_errors + timeouts)),
            ${mergedBuckets('duration')}) AS figures
         FROM ${table}
         WHERE ${within} AND server != ''
         GROUP BY server, observation_point
       )
       GROUP BY server
     )
     ORDER BY errors / greatest(requests, 1) DESC, requests DESC
     LIMIT 1000`,
    params,
    signal,
  );
}
