/** Lines of gauges and sums; monotonic sums become rates, whose resets are not taken for falls. */
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import type { LinePoint, LinesRequest } from './chart.ts';
import { fromPoints, stepOf } from './points-sql.ts';

const deltaTemporality = 1;

export function numberLines(store: Store, request: LinesRequest, signal: AbortSignal): Promise<LinePoint[]> {
  const params = new Params();
  const sql = request.show === 'rate' ? rateSql(store, request, params) : levelSql(store, request, params);
  return store.select<LinePoint>(sql, params, signal);
}

/** Averages each series within a step, then joins the series of a line. */
function levelSql(store: Store, request: LinesRequest, params: Params): string {
  return `SELECT label, step, ${aggregates[request.show]}(value) AS value
    FROM (
      SELECT s.label AS label, ${stepOf(request, params)} AS step, p.series_id AS id, avg(p.value) AS value
      ${fromPoints(store, request, params)} AND p.value_type != 'e'
      GROUP BY label, step, id
    )
    WHERE step >= 0
    GROUP BY label, step`;
}

const aggregates: Readonly<Record<string, string>> = { avg: 'avg', min: 'min', max: 'max', sum: 'sum' };

function rateSql(store: Store, request: LinesRequest, params: Params): string {
  const points = fromPoints(store, request, params);
  const step = stepOf(request, params);
  if (request.metric.temporality === deltaTemporality) {
    const seconds = params.add('Float64', request.stepMs / 1000);
    return `SELECT s.label AS label, ${step} AS step, sum(p.value) / ${seconds} AS value
      ${points} GROUP BY label, step HAVING step >= 0`;
  }
  return `SELECT label, step, sum(rate) AS value
    FROM (
      SELECT label, step, id, avg(grown / seconds) AS rate
      FROM (
        SELECT
          s.label AS label, ${step} AS step, p.series_id AS id,
          lagInFrame(toNullable(p.value)) OVER series AS before,
          (toUnixTimestamp64Milli(p.time) - lagInFrame(toUnixTimestamp64Milli(p.time)) OVER series) / 1000 AS seconds,
          if(p.value < before, p.value, p.value - before) AS grown
        ${points}
        WINDOW series AS (PARTITION BY p.series_id ORDER BY p.time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
      )
      WHERE before IS NOT NULL AND seconds > 0 AND step >= 0
      GROUP BY label, step, id
    )
    GROUP BY label, step`;
}
