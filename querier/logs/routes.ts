/** `/api/v1/logs`: log records, newest first, page by page; and how many there were over time. */
import { readLimit, readTimeRange } from '../request.ts';
import { json, type Route } from '../route.ts';
import { logHistogram } from './histogram.ts';
import { readLogs } from './read.ts';
import { readLogSearch } from './search.ts';

const hourMs = 3_600_000;

export const logRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/logs',
    async handle({ store, query, nowMs, signal }) {
      const search = readLogSearch(query, readTimeRange(query, 'ms', nowMs, hourMs));
      return json(await readLogs(store, search, readLimit(query, 'limit', 500, 10_000), signal));
    },
  },
  {
    method: 'GET',
    path: '/logs/histogram',
    async handle({ store, query, nowMs, signal }) {
      const search = readLogSearch(query, readTimeRange(query, 'ms', nowMs, hourMs));
      return json(await logHistogram(store, search, readLimit(query, 'buckets', 60, 500), signal));
    },
  },
];
