/** `/api/v1/flows`: connections, to search, and one of them with all that is known of it. */
import { readFilters } from '../attributes/page-filter.ts';
import { readLimit, readTimeRange } from '../request.ts';
import { json, type Route } from '../route.ts';
import { flowDetail } from './detail.ts';
import { searchFlows } from './search.ts';

const hourMs = 3_600_000;

export const flowRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/flows',
    async handle({ store, query, nowMs, signal }) {
      const sort = query.get('sort') ?? '';
      const flows = await searchFlows(
        store,
        {
          range: readTimeRange(query, 'ms', nowMs, hourMs),
          text: (query.get('q') ?? '').trim(),
          flowId: query.get('flow') ?? '',
          filters: readFilters(query),
          sort: sort === '' ? 'end' : sort,
          limit: readLimit(query, 'limit', 500, 5000),
        },
        signal,
      );
      return json({ flows });
    },
  },
  {
    method: 'GET',
    path: '/flows/:id',
    async handle({ store, path, signal }) {
      return json(await flowDetail(store, path.id!.toLowerCase(), signal));
    },
  },
];
