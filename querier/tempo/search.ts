/** `GET /api/search`: traces by TraceQL (`q`) or by tags in logfmt (`tags`). */

import { keyValues } from '../attributes/otlp-json.ts';
import { readAttributes } from '../attributes/typed.ts';
import { readDurationNs, readLimit, readTimeRange } from '../request.ts';
import { type Answer, json, type RouteRequest } from '../route.ts';
import { Params } from '../store/params.ts';
import { parseTraceQl } from '../traceql/parse.ts';
import { inTraces, locateTraces } from '../traces/locate.ts';
import { and, anything, intrinsic, type Predicate } from '../traces/predicate.ts';
import { predicateSql } from '../traces/predicate-sql.ts';
import { searchTraces, type TraceSummary } from '../traces/search.ts';
import { type SpanRow, spanRowColumns } from '../traces/span-row.ts';
import { parseTags } from './logfmt.ts';

const hourMs = 3_600_000;

export async function search(request: RouteRequest): Promise<Answer> {
  const { store, query, signal } = request;
  const where = readPredicate(query);
  const limit = readLimit(query, 'limit', 20, 1000);
  const spansPerTrace = readLimit(query, 'spss', 3, 100);
  const range = readTimeRange(query, 's', request.nowMs, hourMs);
  const traces = await searchTraces(
    store,
    { range, where, limit, maxTraceNs: readDurationNs(query, 'maxDuration') },
    signal,
  );
  const matches = await matchedSpans(request, traces, where, spansPerTrace);
  return json({
    traces: traces.map((trace) => {
      const spanSet = { spans: matches.get(trace.traceId) ?? [], matched: trace.matched };
      return {
        traceID: trace.traceId,
        rootServiceName: trace.hasRoot ? trace.rootService : '<root span not yet received>',
        rootTraceName: trace.hasRoot ? trace.rootName : '',
        startTimeUnixNano: trace.startNs,
        durationMs: Math.floor(Number(trace.durationNs) / 1e6),
        spanSet,
        spanSets: [spanSet],
      };
    }),
    metrics: { inspectedTraces: traces.length, completedJobs: 1, totalJobs: 1 },
  });
}

function readPredicate(query: URLSearchParams): Predicate {
  const q = query.get('q');
  const parts = q !== null ? [parseTraceQl(q)] : [...parseTags(query.get('tags') ?? '')];
  const minNs = readDurationNs(query, 'minDuration');
  if (minNs !== undefined) parts.push(intrinsic('duration', '>=', minNs));
  return parts.length === 0 ? anything : and(parts);
}

/** The first spans of each trace for which the query holds, with the attributes that it names. */
async function matchedSpans(
  { store, signal }: RouteRequest,
  traces: readonly TraceSummary[],
  where: Predicate,
  spansPerTrace: number,
): Promise<Map<string, object[]>> {
  const found = new Map<string, object[]>();
  if (traces.length === 0) return found;
  const traceIds = traces.map((trace) => trace.traceId);
  const extent = await locateTraces(store, traceIds, signal);
  if (extent === undefined) return found;
  const params = new Params();
  const rows = await store.select<SpanRow>(
    `SELECT ${spanRowColumns}
     FROM ${store.database}.spans
     WHERE ${inTraces(traceIds, extent, params)} AND ${predicateSql(where, params)}
     ORDER BY start_time
     LIMIT ${params.add('UInt32', spansPerTrace)} BY trace_id`,
    params,
    signal,
  );
  const keys = namedKeys(where);
  for (const row of rows) {
    const spans = found.get(row.traceId) ?? [];
    spans.push(spanAnswer(row, keys));
    found.set(row.traceId, spans);
  }
  return found;
}

function spanAnswer(row: SpanRow, keys: ReadonlySet<string>): object {
  const attributes = [
    ...readAttributes(row.attributePairs, row.attributeTypes),
    ...readAttributes(row.resourceAttributes, row.resourceAttributeTypes),
  ];
  return {
    spanID: row.spanId,
    name: row.name,
    startTimeUnixNano: row.startNs,
    durationNanos: row.durationNs,
    attributes: keyValues(attributes.filter((attribute) => keys.has(attribute.key))),
  };
}

function namedKeys(predicate: Predicate, keys = new Set<string>(['service.name'])): Set<string> {
  if (predicate.kind === 'compare') {
    if (predicate.field.kind === 'attribute') keys.add(predicate.field.key);
  } else {
    for (const part of predicate.kind === 'not' ? [predicate.part] : predicate.parts) namedKeys(part, keys);
  }
  return keys;
}
