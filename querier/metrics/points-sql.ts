/** SQL that all charts share: the points of a metric with the label of their series, before and within the range. */
import { attributeCondition } from '../attributes/filter-sql.ts';
import type { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import type { LinesRequest } from './chart.ts';
import { announcedIn } from './list.ts';

/** Cumulative points need the one before the range; this long ago it may be. */
const lookBackMs = 300_000;

/** Table of the points of each kind. */
export const pointTables = {
  gauge: 'samples',
  sum: 'samples',
  histogram: 'histograms',
  exponential_histogram: 'exponential_histograms',
  summary: 'summaries',
} as const;

/** SQL: number of the step a point falls into; negative before the range. */
export function stepOf(request: LinesRequest, params: Params): string {
  const from = params.add('Int64', String(request.fromMs));
  const step = params.add('Int64', String(request.stepMs));
  return `toInt32(floor((toUnixTimestamp64Milli(p.time) - ${from}) / ${step}))`;
}

/**
 * SQL: `FROM … WHERE …` over points `p` joined with their series `s (id, label)`. Points that only say that a series
 * ended (flag 1) are left out.
 */
export function fromPoints(store: Store, request: LinesRequest, params: Params): string {
  const { metric, range } = request;
  const name = params.add('String', metric.name);
  const type = params.add('String', metric.type);
  const from = params.add('Int64', String(range.fromNs - BigInt(lookBackMs) * 1_000_000n));
  const to = params.add('Int64', String(range.toNs));
  const seriesIn = `SELECT id, any(${labelOf(request, params)}) AS label
    FROM ${store.database}.series
    WHERE metric_name = ${name} AND type = ${type} AND ${announcedIn(range, params)} AND ${filtersOf(request, params)}
    GROUP BY id`;
  return `FROM ${store.database}.${pointTables[metric.type]} AS p
    INNER JOIN (${seriesIn}) AS s ON p.series_id = s.id
    WHERE p.metric_name = ${name}
      AND p.time >= fromUnixTimestamp64Nano(${from}) AND p.time < fromUnixTimestamp64Nano(${to})
      AND bitAnd(p.flags, 1) = 0`;
}

function labelOf({ groupBy }: LinesRequest, params: Params): string {
  if (groupBy === '') return "''";
  if (groupBy === 'service.name') return 'service_name';
  const key = params.add('String', groupBy);
  return `if(mapContains(attributes, ${key}), attributes[${key}], resource_attributes[${key}])`;
}

function filtersOf({ filters }: LinesRequest, params: Params): string {
  const parts = filters.map(({ key, value, exclude }) => {
    const condition = attributeCondition('any', key, '=', { kind: 'string', value }, params);
    return exclude ? `NOT (${condition})` : condition;
  });
  return parts.length === 0 ? '1' : parts.join(' AND ');
}
