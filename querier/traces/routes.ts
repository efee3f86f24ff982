/** `/api/v1/traces`: what the page's search and waterfall ask. */
import { type PageFilter, readFilters } from '../attributes/page-filter.ts';
import { QueryError } from '../errors.ts';
import { readDurationNs, readLimit, readTimeRange } from '../request.ts';
import { type Answer, json, type Route, type RouteRequest } from '../route.ts';
import { resourceSpans } from './otlp.ts';
import { outlineColumns } from './outline-columns.ts';
import { and, attribute, intrinsic, type Predicate, spanKinds, statusCodes } from './predicate.ts';
import { readOutline, readSpan, readTrace } from './read.ts';
import { searchTraces } from './search.ts';
import { spanDetail } from './span-detail.ts';
import { parseSpanId, parseTraceId } from './trace-id.ts';

const hourMs = 3_600_000;

export const traceRoutes: readonly Route[] = [
  { method: 'GET', path: '/traces', handle: search },
  { method: 'GET', path: '/traces/:id', handle: byId },
  {
    method: 'GET',
    path: '/traces/:id/spans/:span',
    async handle({ store, path, signal }) {
      return json(spanDetail(await readSpan(store, parseTraceId(path.id!), parseSpanId(path.span!), signal)));
    },
  },
];

async function search({ store, query, nowMs, signal }: RouteRequest): Promise<Answer> {
  const parts: Predicate[] = readFilters(query).map(filterPredicate);
  const service = query.get('service') ?? '';
  if (service !== '') parts.push(intrinsic('service', '=', service));
  const operation = query.get('operation') ?? '';
  if (operation !== '') parts.push(intrinsic('name', '=', operation));
  const minNs = readDurationNs(query, 'minDuration');
  if (minNs !== undefined) parts.push(intrinsic('duration', '>=', minNs));
  const status = query.get('status') ?? '';
  if (status !== '') parts.push(namedNumber('status', status));
  const traces = await searchTraces(
    store,
    {
      range: readTimeRange(query, 'ms', nowMs, hourMs),
      where: and(parts),
      limit: readLimit(query, 'limit', 200, 2000),
      maxTraceNs: readDurationNs(query, 'maxDuration'),
    },
    signal,
  );
  return json({ traces: traces.map((trace) => ({ ...trace, durationNs: Number(trace.durationNs) })) });
}

/** `?format=otlp` gives the whole trace as OTLP JSON (TracesData), otherwise the columns of a waterfall. */
async function byId({ store, query, path, signal }: RouteRequest): Promise<Answer> {
  const traceId = parseTraceId(path.id!);
  if (query.get('format') === 'otlp')
    return json({ resourceSpans: resourceSpans(await readTrace(store, traceId, signal)) });
  return json(outlineColumns(traceId, await readOutline(store, traceId, signal)));
}

function filterPredicate({ key, value, exclude }: PageFilter): Predicate {
  const part = keyPredicate(key, value);
  return exclude ? { kind: 'not', part } : part;
}

function keyPredicate(key: string, value: string): Predicate {
  switch (key) {
    case 'name':
      return intrinsic('name', '=', value);
    case 'status':
    case 'kind':
      return namedNumber(key, value);
    default:
      return attribute(key, '=', value);
  }
}

function namedNumber(name: 'status' | 'kind', value: string): Predicate {
  const names = name === 'status' ? statusCodes : spanKinds;
  const number = names[value];
  if (number === undefined) throw new QueryError('BAD_REQUEST', `${name} is one of ${Object.keys(names).join(', ')}`);
  return intrinsic(name, '=', number);
}
