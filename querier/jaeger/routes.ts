/** Jaeger's query API, the JSON that its UI and Grafana's data source read. Source: jaeger cmd/query HTTP handlers' documentation. */
import { QueryError } from '../errors.ts';
import { readDurationNs, readLimit, readTimeRange, type TimeRange } from '../request.ts';
import type { Answer, Route, RouteRequest } from '../route.ts';
import { dependencies, serviceNames, serviceOperations } from '../services/red.ts';
import { tagPredicate } from '../tempo/logfmt.ts';
import { and, intrinsic, type Predicate, spanKinds } from '../traces/predicate.ts';
import { readTrace } from '../traces/read.ts';
import { searchTraces } from '../traces/search.ts';
import { parseTraceId } from '../traces/trace-id.ts';
import { jaegerTrace } from './trace.ts';

const dayMs = 86_400_000;

export const jaegerRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/traces/:id', handle: byId },
  { method: 'GET', path: '/api/traces', handle: search },
  {
    method: 'GET',
    path: '/api/services',
    handle: async (request) => data(await serviceNames(request.store, recent(request), request.signal)),
  },
  {
    method: 'GET',
    path: '/api/services/:service/operations',
    async handle(request) {
      const found = await serviceOperations(
        request.store,
        recent(request),
        request.path.service!,
        undefined,
        request.signal,
      );
      return data([...new Set(found.map((operation) => operation.name))]);
    },
  },
  { method: 'GET', path: '/api/operations', handle: operations },
  { method: 'GET', path: '/api/dependencies', handle: dependencyList },
];

function data(rows: readonly unknown[]): Answer {
  return { kind: 'json', body: { data: rows, total: rows.length, limit: 0, offset: 0, errors: null } };
}

async function byId({ store, path, signal }: RouteRequest): Promise<Answer> {
  return data([jaegerTrace(await readTrace(store, parseTraceId(path.id!), signal))]);
}

async function search(request: RouteRequest): Promise<Answer> {
  const { store, query, signal } = request;
  const ids = query.getAll('traceID').map(parseTraceId);
  if (ids.length > 0) return data(await readAll(request, ids));
  const service = query.get('service') ?? '';
  if (service === '') throw new QueryError('BAD_REQUEST', "parameter 'service' is required");
  const parts: Predicate[] = [intrinsic('service', '=', service)];
  const operation = query.get('operation') ?? '';
  if (operation !== '' && operation !== 'all') parts.push(intrinsic('name', '=', operation));
  const minNs = readDurationNs(query, 'minDuration');
  if (minNs !== undefined) parts.push(intrinsic('duration', '>=', minNs));
  const maxNs = readDurationNs(query, 'maxDuration');
  if (maxNs !== undefined) parts.push(intrinsic('duration', '<=', maxNs));
  parts.push(...tagPredicates(query));
  const found = await searchTraces(
    store,
    {
      range: readTimeRange(query, 'us', request.nowMs, dayMs),
      where: and(parts),
      limit: readLimit(query, 'limit', 20, 1500),
    },
    signal,
  );
  return data(
    await readAll(
      request,
      found.map((trace) => trace.traceId),
    ),
  );
}

/** One after the other: a page of traces must not take all of the store. */
async function readAll({ store, signal }: RouteRequest, traceIds: readonly string[]): Promise<unknown[]> {
  const traces: unknown[] = [];
  for (const traceId of traceIds) traces.push(jaegerTrace(await readTrace(store, traceId, signal)));
  return traces;
}

/** `tags` is a JSON object, `tag` (repeatable) is `key:value`. */
function tagPredicates(query: URLSearchParams): Predicate[] {
  const tags: Predicate[] = [];
  for (const text of query.getAll('tags')) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      throw new QueryError('BAD_REQUEST', 'tags must be a JSON object such as {"error":"true"}', { cause: error });
    }
    for (const [key, value] of Object.entries(parsed ?? {})) tags.push(tagPredicate(key, String(value)));
  }
  for (const text of query.getAll('tag')) {
    const at = text.indexOf(':');
    if (at < 1) throw new QueryError('BAD_REQUEST', 'tag must be key:value');
    tags.push(tagPredicate(text.slice(0, at), text.slice(at + 1)));
  }
  return tags;
}

async function operations(request: RouteRequest): Promise<Answer> {
  const service = request.query.get('service') ?? '';
  if (service === '') throw new QueryError('BAD_REQUEST', "parameter 'service' is required");
  const kindName = request.query.get('spanKind') ?? '';
  const kind = spanKinds[kindName];
  if (kindName !== '' && kind === undefined) {
    throw new QueryError('BAD_REQUEST', `spanKind is one of ${Object.keys(spanKinds).join(', ')}`);
  }
  const found = await serviceOperations(request.store, recent(request), service, kind, request.signal);
  const names = Object.keys(spanKinds);
  return data(found.map((operation) => ({ name: operation.name, spanKind: names[operation.kind] ?? '' })));
}

/** `endTs` and `lookback` are milliseconds here, as only this endpoint has them. */
async function dependencyList(request: RouteRequest): Promise<Answer> {
  const endMs = Number(request.query.get('endTs') ?? request.nowMs);
  const lookbackMs = Number(request.query.get('lookback') ?? dayMs);
  if (!Number.isFinite(endMs) || !(lookbackMs > 0)) {
    throw new QueryError('BAD_REQUEST', 'endTs and lookback must be milliseconds');
  }
  const toNs = BigInt(Math.floor(endMs)) * 1_000_000n;
  const range = { fromNs: toNs - BigInt(Math.floor(lookbackMs)) * 1_000_000n, toNs };
  return data(await dependencies(request.store, range, request.signal));
}

/** Drop-downs offer what was seen in the last two days. */
function recent({ nowMs }: RouteRequest): TimeRange {
  return { fromNs: BigInt(nowMs - 2 * dayMs) * 1_000_000n, toNs: BigInt(nowMs + dayMs) * 1_000_000n };
}
