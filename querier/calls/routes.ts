/** `/api/v1/calls/edges`: who asks whom, with requests, errors, durations and the traffic beneath. */
import { readLimit, readTimeRange } from '../request.ts';
import { json, type Route } from '../route.ts';
import { findEdges } from './edges.ts';

const hourMs = 3_600_000;

export const callRoutes: readonly Route[] = [
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
