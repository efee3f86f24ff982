/** Lines of histograms: quantiles out of bucket counts, rate and average out of count and sum. */
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import type { LinePoint, LinesRequest } from './chart.ts';
import { fromPoints, stepOf } from './points-sql.ts';

const deltaTemporality = 1;
/** Quantiles that are drawn. */
export const quantiles = [0.5, 0.9, 0.99] as const;

export async function histogramLines(store: Store, request: LinesRequest, signal: AbortSignal): Promise<LinePoint[]> {
  const params = new Params();
  const grown = grownSql(store, request, params);
  if (request.show !== 'quantiles') {
    return store.select<LinePoint>(
      `SELECT label, step, ${totalOf(request, params)} AS value FROM (${grown}) GROUP BY label, step`,
      params,
      signal,
    );
  }
  const rows = await store.select<{ label: string; step: number; values: (number | null)[] }>(
    quantileSql(grown),
    params,
    signal,
  );
  return rows.flatMap(({ label, step, values }) =>
    quantiles.map((quantile, at) => ({ label: quantileLabel(label, quantile), step, value: values[at] ?? null })),
  );
}

export function quantileLabel(label: string, quantile: number): string {
  const name = `p${Math.round(quantile * 1000) / 10}`;
  return label === '' ? name : `${label} ${name}`;
}

/** SQL: what one line shows of `counts`, `total` and `amount`, the growth of count and sum. */
export function totalOf(request: LinesRequest, params: Params): string {
  if (request.show === 'avg') return 'if(sum(total) > 0, sum(amount) / sum(total), NULL)';
  return `sum(total) / ${params.add('Float64', request.stepMs / 1000)}`;
}

/** What each point adds: itself for deltas, its difference to the point before for cumulative ones. */
function grownSql(store: Store, request: LinesRequest, params: Params): string {
  const points = fromPoints(store, request, params);
  const step = stepOf(request, params);
  if (request.metric.temporality === deltaTemporality) {
    return `SELECT s.label AS label, ${step} AS step, p.explicit_bounds AS bounds,
        arrayMap(c -> toFloat64(c), p.bucket_counts) AS counts, toFloat64(p.count) AS total, ifNull(p.sum, 0) AS amount
      ${points} AND ${step} >= 0`;
  }
  return `SELECT
      label, step, bounds,
      if(reset, now, arrayMap((a, b) -> a - b, now, before)) AS counts,
      if(reset, count, count - countBefore) AS total,
      if(reset, sum, sum - sumBefore) AS amount
    FROM (
      SELECT
        s.label AS label, ${step} AS step, p.explicit_bounds AS bounds,
        arrayMap(c -> toFloat64(c), p.bucket_counts) AS now,
        lagInFrame(now) OVER series AS before,
        toFloat64(p.count) AS count,
        lagInFrame(toNullable(count)) OVER series AS countBefore,
        ifNull(p.sum, 0) AS sum,
        lagInFrame(sum) OVER series AS sumBefore,
        count < countBefore OR length(now) != length(before) AS reset
      ${points}
      WINDOW series AS (PARTITION BY p.series_id ORDER BY p.time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    )
    WHERE countBefore IS NOT NULL AND step >= 0`;
}

/**
 * Joins the buckets of a step and interpolates within the bucket a quantile falls into, as Prometheus does: the first
 * bucket begins at 0 when its bound is positive, the last has no end, so its lower bound is the answer.
 */
function quantileSql(grown: string): string {
  return `SELECT
      label, step,
      arrayMap(q -> if(total = 0, NULL,
        if(at(q) > length(bounds), bounds[-1],
          low(at(q)) + (bounds[at(q)] - low(at(q))) * (q * total - below(at(q))) / counts[at(q)])), [${quantiles.join(', ')}]
      ) AS values
    FROM (
      SELECT label, step, bounds, sumForEach(counts) AS counts, arrayCumSum(counts) AS cumulative, cumulative[-1] AS total
      FROM (${grown}) WHERE length(bounds) > 0
      GROUP BY label, step, bounds
      ORDER BY total DESC LIMIT 1 BY label, step
    )`
    .replaceAll('below(at(q))', 'if(at(q) = 1, 0, cumulative[at(q) - 1])')
    .replaceAll('low(at(q))', 'if(at(q) = 1, least(0, bounds[1]), bounds[at(q) - 1])')
    .replaceAll('at(q)', 'arrayFirstIndex(c -> c >= q * total, cumulative)');
}
