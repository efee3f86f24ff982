/** Rate, errors and duration of each service: what it was asked, how often that failed, how long it took. */
import { notPackets, pointRank } from '../calls/observation.ts';
import { resolutionFor, windowsBetween } from '../calls/table.ts';
import type { TimeRange } from '../request.ts';
import { coveredSeconds } from '../store/covered-seconds.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { spansBetween } from '../traces/search.ts';

export interface ServiceRed {
  service: string;
  /** See {@link isServed}. */
  requests: number;
  errors: number;
  perSecond: number;
  p50Ns: number;
  p90Ns: number;
  p99Ns: number;
}

export async function serviceRed(
  store: Store,
  range: TimeRange,
  nowMs: number,
  signal: AbortSignal,
): Promise<ServiceRed[]> {
  const params = new Params();
  const table = `${store.database}.spans`;
  const within = spansBetween(range, params);
  const seconds = coveredSeconds({ table, column: 'start_time', within }, range, params);
  return store.select<ServiceRed>(
    `SELECT
       service,
       best.1 AS requests,
       best.2 AS errors,
       best.1 / ${seconds} AS perSecond,
       best.3[1] AS p50Ns,
       best.3[2] AS p90Ns,
       best.3[3] AS p99Ns
     FROM (
       SELECT service, argMin(figures, rank) AS best
       FROM (
         SELECT
           service_name AS service,
           ${pointRank('observation_point')} AS rank,
           (toFloat64(count()), toFloat64(countIf(status_code = 2)), quantiles(0.5, 0.9, 0.99)(duration_ns)) AS figures
         FROM ${table}
         WHERE ${within} AND (${isServed}) AND NOT (${isToldByProcess(store, range, nowMs, params)})
         GROUP BY service_name, observation_point
       )
       GROUP BY service
     )
     ORDER BY errors / requests DESC, requests DESC
     LIMIT 1000`,
    params,
    signal,
  );
}

/** What a service was asked: server and consumer spans, and roots of any kind. A call seen at several points counts at one. */
const isServed = `kind IN (2, 5) OR parent_span_id = toFixedString('', 8)`;

/**
 * Packets call a service by its address. Where a process tells of the connections there, its calls are told under its name, and the connector
 * red leaves those of packets out, unless the process tells of no calls.
 */
function isToldByProcess(store: Store, range: TimeRange, nowMs: number, params: Params): string {
  const from = params.add('Int64', String(range.fromNs));
  const to = params.add('Int64', String(range.toNs));
  const address = `concat(if(position(server_address, ':') > 0, concat('[', server_address, ']'), server_address), ':', toString(server_port))`;
  return `observation_point NOT IN (${notPackets.map((point) => `'${point}'`).join(', ')})
    AND service_name IN (
      SELECT ${address} FROM ${store.database}.flow_log
      WHERE observation_point = 's-p' AND service_name != ''
        AND time >= fromUnixTimestamp64Nano(${from}) AND time < fromUnixTimestamp64Nano(${to}))
    AND service_name NOT IN (
      SELECT server FROM ${store.database}.call_metrics_${resolutionFor(range, nowMs)} WHERE ${windowsBetween(range, params)})`;
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
