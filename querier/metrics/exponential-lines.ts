/** Lines of exponential histograms: the store adds up buckets by their upper bound, quantiles are found here. */
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import type { LinePoint, LinesRequest } from './chart.ts';
import { quantileLabel, quantiles, totalOf } from './histogram-lines.ts';
import { fromPoints, stepOf } from './points-sql.ts';

const deltaTemporality = 1;

export async function exponentialLines(store: Store, request: LinesRequest, signal: AbortSignal): Promise<LinePoint[]> {
  const params = new Params();
  const points = lastPointsSql(store, request, params);
  if (request.show !== 'quantiles') {
    return store.select<LinePoint>(
      `SELECT label, step, ${totalOf(request, params)} AS value FROM (${grownTotals(points, request)}) GROUP BY label, step`,
      params,
      signal,
    );
  }
  const rows = await store.select<{ label: string; step: number; bounds: number[]; counts: number[] }>(
    `SELECT label, step, joined.1 AS bounds, joined.2 AS counts
     FROM (
       SELECT label, step, sumMap(bounds, counts) AS joined FROM (${grownBuckets(points, request)}) GROUP BY label, step
     )`,
    params,
    signal,
  );
  return rows.flatMap(({ label, step, bounds, counts }) =>
    quantiles.map((quantile) => ({
      label: quantileLabel(label, quantile),
      step,
      value: exponentialQuantile(bounds, counts, quantile),
    })),
  );
}

/**
 * The upper bound of the bucket in which the quantile falls; its error is the width of one bucket. Counts that a reset
 * made negative count as none.
 */
export function exponentialQuantile(
  bounds: readonly number[],
  counts: readonly number[],
  quantile: number,
): number | null {
  const total = counts.reduce((sum, count) => sum + Math.max(0, count), 0);
  if (total === 0) return null;
  let cumulative = 0;
  for (let at = 0; at < bounds.length; at++) {
    cumulative += Math.max(0, counts[at]!);
    if (cumulative >= quantile * total) return bounds[at]!;
  }
  return bounds.at(-1) ?? null;
}

/** Points with their buckets as two arrays: upper bounds (negative ones first) and counts. */
function lastPointsSql(store: Store, request: LinesRequest, params: Params): string {
  const width = 'exp2(-p.scale)';
  return `SELECT
      s.label AS label, ${stepOf(request, params)} AS step, p.series_id AS id, p.time AS time,
      toFloat64(p.count) AS count, ifNull(p.sum, 0) AS sum,
      arrayConcat(
        arrayMap(i -> -exp2((p.negative_offset + i - 1) * ${width}), arrayEnumerate(p.negative_counts)),
        [p.zero_threshold],
        arrayMap(i -> exp2((p.positive_offset + i) * ${width}), arrayEnumerate(p.positive_counts))
      ) AS bounds,
      arrayMap(c -> toFloat64(c), arrayConcat(p.negative_counts, [p.zero_count], p.positive_counts)) AS counts
    ${fromPoints(store, request, params)}`;
}

const series = 'WINDOW series AS (PARTITION BY id ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)';

function grownTotals(points: string, request: LinesRequest): string {
  if (request.metric.temporality === deltaTemporality) {
    return `SELECT label, step, count AS total, sum AS amount FROM (${points}) WHERE step >= 0`;
  }
  return `SELECT label, step, if(reset, count, count - before) AS total, if(reset, sum, sum - sumBefore) AS amount
    FROM (
      SELECT
        label, step, count, sum, count < before AS reset,
        lagInFrame(toNullable(count)) OVER series AS before, lagInFrame(sum) OVER series AS sumBefore
      FROM (${points}) ${series}
    )
    WHERE before IS NOT NULL AND step >= 0`;
}

/** A cumulative point is itself minus the one before, which are added as two rows: their buckets need not be alike. */
function grownBuckets(points: string, request: LinesRequest): string {
  if (request.metric.temporality === deltaTemporality) {
    return `SELECT label, step, bounds, counts FROM (${points}) WHERE step >= 0`;
  }
  return `SELECT
      label, step,
      if(reset, bounds, arrayConcat(bounds, boundsBefore)) AS bounds,
      if(reset, counts, arrayConcat(counts, arrayMap(c -> -c, countsBefore))) AS counts
    FROM (
      SELECT
        label, step, bounds, counts, count < before AS reset,
        lagInFrame(toNullable(count)) OVER series AS before,
        lagInFrame(bounds) OVER series AS boundsBefore, lagInFrame(counts) OVER series AS countsBefore
      FROM (${points}) ${series}
    )
    WHERE before IS NOT NULL AND step >= 0`;
}
