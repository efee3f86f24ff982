/** `/api/v1/calls`: who is asked, and who asks whom, with requests, errors, durations and the traffic beneath. */
import { readLimit, readTimeRange } from '../request.ts';
import { json, type Route } from '../route.ts';
import { findEdges } from './edges.ts';
import { calledServices } from './services.ts';

const hourMs = 3_600_000;

export const callRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/calls/services',
    async handle({ store, query, nowMs, signal }) {
      return json({ services: await calledServices(store, readTimeRange(query, 'ms', nowMs, hourMs), nowMs, signal) });
    },
  },
  {
    method: 'GET',
    path: '/calls/edges',
    async handle({ store, query, nowMs, signal }) {
      const edges = await findEdges(
        store,
        {
          range: readTimeRange(query, 'ms', nowMs, hourMs),
          nowMs,
          service: query.get('service') ?? '',
          protocol: query.get('protocol') ?? '',
          limit: readLimit(query, 'limit', 500, 5000),
        },
        signal,
      );
      return json({ edges });
    },
  },
];
