/** Lines of summaries: the quantiles they carry, averaged over series; rate and average out of count and sum. */
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import type { LinePoint, LinesRequest } from './chart.ts';
import { quantileLabel, totalOf } from './histogram-lines.ts';
import { fromPoints, stepOf } from './points-sql.ts';

export async function summaryLines(store: Store, request: LinesRequest, signal: AbortSignal): Promise<LinePoint[]> {
  const params = new Params();
  const points = fromPoints(store, request, params);
  const step = stepOf(request, params);
  if (request.show === 'quantiles') {
    const rows = await store.select<{ label: string; step: number; quantile: number; value: number }>(
      `SELECT label, step, pair.1 AS quantile, avg(pair.2) AS value
       FROM (
         SELECT s.label AS label, ${step} AS step, arrayJoin(arrayZip(p.quantiles, p.quantile_values)) AS pair ${points}
       )
       WHERE step >= 0
       GROUP BY label, step, quantile`,
      params,
      signal,
    );
    return rows.map((row) => ({ label: quantileLabel(row.label, row.quantile), step: row.step, value: row.value }));
  }
  return store.select<LinePoint>(
    `SELECT label, step, ${totalOf(request, params)} AS value
     FROM (
       SELECT label, step, if(count < before, count, count - before) AS total, if(count < before, sum, sum - sumBefore) AS amount
       FROM (
         SELECT
           s.label AS label, ${step} AS step, toFloat64(p.count) AS count, p.sum AS sum,
           lagInFrame(toNullable(count)) OVER series AS before, lagInFrame(sum) OVER series AS sumBefore
         ${points}
         WINDOW series AS (PARTITION BY p.series_id ORDER BY p.time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
       )
       WHERE before IS NOT NULL AND step >= 0
     )
     GROUP BY label, step`,
    params,
    signal,
  );
}
