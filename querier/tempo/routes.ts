/** Tempo's query API. Source: Grafana Tempo's HTTP API documentation (v2), and what Grafana's data source asks for. */
import type { Route } from '../route.ts';
import { search } from './search.ts';
import { tagNames, tagNamesV2, tagValues, tagValuesV2 } from './tags.ts';
import { traceById, traceByIdV2 } from './trace-by-id.ts';

export const tempoRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/echo', handle: async () => ({ kind: 'text', body: 'echo' }) },
  { method: 'GET', path: '/ready', handle: async () => ({ kind: 'text', body: 'ready\n' }) },
  {
    method: 'GET',
    path: '/api/status/buildinfo',
    handle: async () => ({ kind: 'json', body: buildInfo }),
  },
  { method: 'GET', path: '/api/traces/:id', handle: traceById },
  { method: 'GET', path: '/api/v2/traces/:id', handle: traceByIdV2 },
  { method: 'GET', path: '/api/search', handle: search },
  { method: 'GET', path: '/api/search/tags', handle: tagNames },
  { method: 'GET', path: '/api/v2/search/tags', handle: tagNamesV2 },
  { method: 'GET', path: '/api/search/tag/:tag/values', handle: tagValues },
  { method: 'GET', path: '/api/v2/search/tag/:tag/values', handle: tagValuesV2 },
];

/** Grafana decides by this version what it may ask. 2.2 is the last without the metrics API, which is not offered here. */
const buildInfo = {
  version: '2.2.0',
  revision: 'otelcol-deepflow',
  branch: '',
  buildDate: '',
  buildUser: '',
  goVersion: '',
};
