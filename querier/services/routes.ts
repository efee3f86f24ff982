/** `/api/v1/services`: services with rate, errors and duration, and their operations. */
import { readTimeRange } from '../request.ts';
import { json, type Route } from '../route.ts';
import { serviceOperations, serviceRed } from './red.ts';

const hourMs = 3_600_000;

export const serviceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/services',
    async handle({ store, query, nowMs, signal }) {
      return json({ services: await serviceRed(store, readTimeRange(query, 'ms', nowMs, hourMs), nowMs, signal) });
    },
  },
  {
    method: 'GET',
    path: '/services/:service/operations',
    async handle({ store, query, path, nowMs, signal }) {
      const range = readTimeRange(query, 'ms', nowMs, hourMs);
      return json({ operations: await serviceOperations(store, range, path.service!, undefined, signal) });
    },
  },
];
