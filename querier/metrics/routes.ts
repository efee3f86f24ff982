/** `/api/v1/metrics`: what is measured, by which series, and a chart of one metric. */
import { readFilters } from '../attributes/page-filter.ts';
import { QueryError } from '../errors.ts';
import { readLimit, readTimeRange } from '../request.ts';
import { json, type Route } from '../route.ts';
import { chartMetric } from './chart.ts';
import { listMetrics, listSeries } from './list.ts';

const hourMs = 3_600_000;

export const metricRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/metrics',
    async handle({ store, query, nowMs, signal }) {
      return json({ metrics: await listMetrics(store, readTimeRange(query, 'ms', nowMs, hourMs), signal) });
    },
  },
  {
    method: 'GET',
    path: '/metrics/series',
    async handle({ store, query, nowMs, signal }) {
      const range = readTimeRange(query, 'ms', nowMs, hourMs);
      const limit = readLimit(query, 'limit', 200, 5000);
      return json({ series: await listSeries(store, range, readName(query), limit, signal) });
    },
  },
  {
    method: 'GET',
    path: '/metrics/chart',
    async handle({ store, query, nowMs, signal }) {
      const asked = {
        name: readName(query),
        range: readTimeRange(query, 'ms', nowMs, hourMs),
        groupBy: query.get('groupBy') ?? '',
        show: query.get('show') ?? '',
        filters: readFilters(query),
        points: readLimit(query, 'points', 120, 1000),
        maxLines: readLimit(query, 'lines', 20, 100),
      };
      return json(await chartMetric(store, asked, signal));
    },
  },
];

function readName(query: URLSearchParams): string {
  const name = query.get('name') ?? '';
  if (name === '') throw new QueryError('BAD_REQUEST', 'name is required: the name of a metric');
  return name;
}
