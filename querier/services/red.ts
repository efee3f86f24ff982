/** Rate, errors and duration of each service: what it was asked, how often that failed, how long it took. */
import type { TimeRange } from '../request.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { spansBetween } from '../traces/search.ts';

export interface ServiceRed {
  service: string;
  /** Server and consumer spans, and roots of any kind. */
  requests: number;
  errors: number;
  perSecond: number;
  p50Ns: number;
  p90Ns: number;
  p99Ns: number;
}

export async function serviceRed(store: Store, range: TimeRange, signal: AbortSignal): Promise<ServiceRed[]> {
  const params = new Params();
  const seconds = params.add('Float64', Number(range.toNs - range.fromNs) / 1e9);
  return store.select<ServiceRed>(
    `SELECT
       service_name AS service,
       toFloat64(count()) AS requests,
       toFloat64(countIf(status_code = 2)) AS errors,
       count() / ${seconds} AS perSecond,
       quantiles(0.5, 0.9, 0.99)(duration_ns)[1] AS p50Ns,
       quantiles(0.5, 0.9, 0.99)(duration_ns)[2] AS p90Ns,
       quantiles(0.5, 0.9, 0.99)(duration_ns)[3] AS p99Ns
     FROM ${store.database}.spans
     WHERE ${spansBetween(range, params)} AND (kind IN (2, 5) OR parent_span_id = toFixedString('', 8))
     GROUP BY service_name
     ORDER BY errors / requests DESC, requests DESC
     LIMIT 1000`,
    params,
    signal,
  );
}

/** All services that have spans, also those that are only ever called from inside. */
export async function serviceNames(store: Store, range: TimeRange, signal: AbortSignal): Promise<string[]> {
  const params = new Params();
  const rows = await store.select<{ service: string }>(
    `SELECT DISTINCT service_name AS service
     FROM ${store.database}.spans
     WHERE ${spansBetween(range, params)}
     ORDER BY service LIMIT 10000`,
    params,
    signal,
  );
  return rows.map((row) => row.service);
}

export interface Operation {
  name: string;
  kind: number;
  spans: number;
}

/** Operations of one service, most frequent first; `kind` narrows to spans of one kind. */
export async function serviceOperations(
  store: Store,
  range: TimeRange,
  service: string,
  kind: number | undefined,
  signal: AbortSignal,
): Promise<Operation[]> {
  const params = new Params();
  return store.select<Operation>(
    `SELECT name, kind, toFloat64(count()) AS spans
     FROM ${store.database}.spans
     WHERE ${spansBetween(range, params)} AND service_name = ${params.add('String', service)}
       ${kind === undefined ? '' : `AND kind = ${params.add('Int32', kind)}`}
     GROUP BY name, kind
     ORDER BY spans DESC LIMIT 1000`,
    params,
    signal,
  );
}

export interface Dependency {
  parent: string;
  child: string;
  callCount: number;
}

/** Who calls whom: spans whose parent is a span of another service. */
export async function dependencies(store: Store, range: TimeRange, signal: AbortSignal): Promise<Dependency[]> {
  const params = new Params();
  const between = spansBetween(range, params);
  return store.select<Dependency>(
    `SELECT p.service_name AS parent, c.service_name AS child, toFloat64(count()) AS callCount
     FROM (
       SELECT trace_id, parent_span_id, service_name FROM ${store.database}.spans
       WHERE ${between} AND kind IN (2, 5) AND parent_span_id != toFixedString('', 8)
     ) AS c
     INNER JOIN (
       SELECT trace_id, span_id, service_name FROM ${store.database}.spans WHERE ${between} AND kind IN (3, 4)
     ) AS p ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id
     WHERE p.service_name != c.service_name
     GROUP BY parent, child
     ORDER BY callCount DESC LIMIT 10000`,
    params,
    signal,
  );
}
