/** Who asks whom: requests, errors and durations of each edge, with the traffic beneath. */
import type { TimeRange } from '../request.ts';
import { coveredSeconds } from '../store/covered-seconds.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { pointRank } from './observation.ts';
import { mergedBuckets, quantileNs } from './quantile-sql.ts';
import { resolutionFor, windowsBetween } from './table.ts';

export interface EdgeSearch {
  range: TimeRange;
  nowMs: number;
  /** Only edges from or to it. */
  service: string;
  protocol: string;
  limit: number;
}

/**
 * `calls` is null for connections in which no call was recognised, `traffic` where no connection was seen, or where it is told with another
 * protocol between these two, because connections are not told apart by what is spoken in them.
 */
export interface Edge {
  client: string;
  server: string;
  protocol: string;
  calls: EdgeCalls | null;
  traffic: EdgeTraffic | null;
  trafficIsTold: boolean;
}

export interface EdgeCalls {
  /** Where these calls were seen, and the other points at which they were seen too. */
  observationPoint: string;
  otherPoints: string[];
  requests: number;
  perSecond: number;
  clientErrors: number;
  serverErrors: number;
  timeouts: number;
  /** Calls whose duration is known. */
  durations: number;
  p50Ns: number;
  p95Ns: number;
  p99Ns: number;
  requestBytes: number;
  responseBytes: number;
}

export interface EdgeTraffic {
  observationPoint: string;
  opened: number;
  failed: number;
  clientBytes: number;
  serverBytes: number;
  retransmissions: number;
  packets: number;
  rtts: number;
  rttP50Ns: number;
  rttP99Ns: number;
}

type Row<T> = T & { client: string; server: string; protocol: string };

/** Most trouble first. */
export async function findEdges(store: Store, search: EdgeSearch, signal: AbortSignal): Promise<Edge[]> {
  const [calls, traffic] = await Promise.all([edgeCalls(store, search, signal), edgeTraffic(store, search, signal)]);
  const flows = new Map(traffic.map((row) => [`${row.client}\n${row.server}`, row]));
  const told = new Set<string>();
  const edges: Edge[] = calls.map(({ client, server, protocol, ...own }) => {
    const key = `${client}\n${server}`;
    const found = flows.get(key);
    const isTold = told.has(key);
    if (found !== undefined) told.add(key);
    flows.delete(key);
    const traffic = found === undefined ? null : trafficOf(found);
    return { client, server, protocol, calls: own, traffic, trafficIsTold: isTold };
  });
  for (const row of flows.values()) {
    const { client, server, protocol } = row;
    edges.push({ client, server, protocol, calls: null, traffic: trafficOf(row), trafficIsTold: false });
  }
  return edges.slice(0, search.limit);
}

function trafficOf({
  client: _client,
  server: _server,
  protocol: _protocol,
  ...traffic
}: Row<EdgeTraffic>): EdgeTraffic {
  return traffic;
}

async function edgeCalls(store: Store, search: EdgeSearch, signal: AbortSignal): Promise<Row<EdgeCalls>[]> {
  const params = new Params();
  const table = tableOf(store, 'call_metrics', search);
  const within = windowsBetween(search.range, params);
  const seconds = coveredSeconds({ table, column: 'time', within }, search.range, params);
  return store.select<Row<EdgeCalls>>(
    `SELECT
       client, server, protocol,
       best.1 AS observationPoint,
       arrayFilter(point -> point != observationPoint, points) AS otherPoints,
       best.2 AS requests,
       best.2 / ${seconds} AS perSecond,
       best.3 AS clientErrors, best.4 AS serverErrors, best.5 AS timeouts,
       best.6 AS requestBytes, best.7 AS responseBytes,
       toFloat64(arraySum(best.8.2)) AS durations,
       ${quantileNs('best.8', 0.5)} AS p50Ns,
       ${quantileNs('best.8', 0.95)} AS p95Ns,
       ${quantileNs('best.8', 0.99)} AS p99Ns
     FROM (
       SELECT client, server, protocol, groupUniqArray(toString(observation_point)) AS points, argMin(figures, rank) AS best
       FROM (
         SELECT
           client, server, protocol, observation_point, ${pointRank('observation_point')} AS rank,
           (toString(observation_point), toFloat64(sum(requests)), toFloat64(sum(client_errors)),
            toFloat64(sum(server_errors)), toFloat64(sum(timeouts)), toFloat64(sum(request_bytes)),
            toFloat64(sum(response_bytes)), ${mergedBuckets('duration')}) AS figures
         FROM ${table}
         WHERE ${conditions(search, params)}
         GROUP BY client, server, protocol, observation_point
       )
       GROUP BY client, server, protocol
     )
     ORDER BY (serverErrors + timeouts) / greatest(requests, 1) DESC, requests DESC
     LIMIT ${params.add('UInt32', search.limit)}`,
    params,
    signal,
  );
}

async function edgeTraffic(store: Store, search: EdgeSearch, signal: AbortSignal): Promise<Row<EdgeTraffic>[]> {
  const params = new Params();
  return store.select<Row<EdgeTraffic>>(
    // A server's process does not see how long the handshake took; its client's does.
    `SELECT
       client, server, protocol,
       best.1 AS observationPoint, best.2 AS opened, best.3 AS failed, best.4 AS clientBytes, best.5 AS serverBytes,
       best.6 AS retransmissions, best.7 AS packets,
       toFloat64(arraySum(bestRtt.2)) AS rtts,
       ${quantileNs('bestRtt', 0.5)} AS rttP50Ns,
       ${quantileNs('bestRtt', 0.99)} AS rttP99Ns
     FROM (
       SELECT client, server, max(protocols) AS protocol, argMin(figures, rank) AS best,
         argMinIf(rtt, rank, notEmpty(rtt.2)) AS bestRtt
       FROM (
         SELECT
           client, server, max(toString(protocol)) AS protocols, ${pointRank('observation_point')} AS rank,
           (toString(observation_point), toFloat64(sum(opened)),
            toFloat64(sum(failed_client_establish + failed_server_establish + failed_transfer)),
            toFloat64(sum(client_bytes)), toFloat64(sum(server_bytes)),
            toFloat64(sum(client_retransmissions + server_retransmissions)),
            toFloat64(sum(client_packets + server_packets))) AS figures,
           ${mergedBuckets('rtt')} AS rtt
         FROM ${tableOf(store, 'flow_metrics', search)}
         WHERE ${conditions(search, params)}
         GROUP BY client, server, observation_point
       )
       GROUP BY client, server
     )
     ORDER BY clientBytes + serverBytes DESC
     LIMIT ${params.add('UInt32', search.limit)}`,
    params,
    signal,
  );
}

function tableOf(store: Store, family: 'call_metrics' | 'flow_metrics', { range, nowMs }: EdgeSearch): string {
  return `${store.database}.${family}_${resolutionFor(range, nowMs)}`;
}

/** A label (HTTP) and a protocol's name (http) are the same word. */
function conditions({ range, service, protocol }: EdgeSearch, params: Params): string {
  const parts = [windowsBetween(range, params)];
  if (service !== '') {
    const name = params.add('String', service);
    parts.push(`(client = ${name} OR server = ${name})`);
  }
  if (protocol !== '') parts.push(`lower(protocol) = lower(${params.add('String', protocol)})`);
  return parts.join(' AND ');
}
