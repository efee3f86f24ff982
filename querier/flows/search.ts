/** Connections of a time range: each flow once, its records added up. */
import { flowColumnName } from '../../clickhouse/tables/flow-log.ts';
import { flowAttributes } from '../../pdata/schema/flow-log.ts';
import type { PageFilter } from '../attributes/page-filter.ts';
import { QueryError } from '../errors.ts';
import type { TimeRange } from '../request.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';

export interface FlowSearch {
  range: TimeRange;
  /** An address or the beginning of one, a port, `address:port`, or the name of a protocol. */
  text: string;
  /** A flow's id, 16 hex digits, or ''. */
  flowId: string;
  filters: readonly PageFilter[];
  sort: string;
  limit: number;
}

/** Times are nanoseconds as text. */
export interface Flow {
  flowId: string;
  clientAddress: string;
  clientPort: number;
  serverAddress: string;
  serverPort: number;
  transport: string;
  protocol: string;
  observationPoint: string;
  interface: string;
  startNs: string;
  endNs: string;
  durationNs: number;
  closeType: string;
  status: string;
  clientBytes: number;
  serverBytes: number;
  clientPackets: number;
  serverPackets: number;
  retransmissions: number;
  outOfOrder: number;
  zeroWindows: number;
  /** Mean of the handshakes; -1 when none was seen. */
  rttNs: number;
  /** Mean of the server's first answers; -1 when none was seen. */
  artNs: number;
  requests: number;
  errors: number;
  records: number;
}

/** What a list can be sorted by, the greatest first. */
const sorts: Readonly<Record<string, string>> = {
  end: 'endNs',
  start: 'startNs',
  duration: 'durationNs',
  bytes: 'clientBytes + serverBytes',
  packets: 'clientPackets + serverPackets',
  retransmissions: 'retransmissions',
  rtt: 'rttNs',
  art: 'artNs',
  requests: 'requests',
  errors: 'errors',
};

export async function searchFlows(store: Store, search: FlowSearch, signal: AbortSignal): Promise<Flow[]> {
  const order = Object.hasOwn(sorts, search.sort) ? sorts[search.sort] : undefined;
  if (order === undefined) throw new QueryError('BAD_REQUEST', `sort is one of ${Object.keys(sorts).join(', ')}`);
  const params = new Params();
  return store.select<Flow>(
    `SELECT
       flow_id AS flowId,
       any(client_address) AS clientAddress, toFloat64(any(client_port)) AS clientPort,
       any(server_address) AS serverAddress, toFloat64(any(server_port)) AS serverPort,
       any(network_transport) AS transport, argMax(network_protocol_name, r.time) AS protocol,
       observation_point AS observationPoint, any(network_interface_name) AS interface,
       toString(toUnixTimestamp64Nano(min(start_time))) AS startNs,
       toString(toUnixTimestamp64Nano(max(end_time))) AS endNs,
       toFloat64(max(duration)) AS durationNs,
       argMax(close_type, r.time) AS closeType, argMax(r.status, r.time) AS status,
       toFloat64(sum(client_bytes)) AS clientBytes, toFloat64(sum(server_bytes)) AS serverBytes,
       toFloat64(sum(client_packets)) AS clientPackets, toFloat64(sum(server_packets)) AS serverPackets,
       toFloat64(sum(client_retransmissions + server_retransmissions)) AS retransmissions,
       toFloat64(sum(client_out_of_order + server_out_of_order)) AS outOfOrder,
       toFloat64(sum(client_zero_window + server_zero_window)) AS zeroWindows,
       ${mean('rtt')} AS rttNs, ${mean('art')} AS artNs,
       toFloat64(sum(l7_requests)) AS requests,
       toFloat64(sum(l7_server_errors + l7_timeouts)) AS errors,
       toFloat64(count()) AS records
     FROM ${store.database}.flow_log AS r
     WHERE ${conditions(search, params)}
     GROUP BY flow_id, observation_point
     ORDER BY ${order} DESC, flowId
     LIMIT ${params.add('UInt32', search.limit)}`,
    params,
    signal,
  );
}

function mean(delay: string): string {
  return `if(sum(${delay}_count) = 0, -1, sum(${delay}_sum) / sum(${delay}_count))`;
}

function conditions({ range, text, flowId, filters }: FlowSearch, params: Params): string {
  const parts = [
    `r.time >= fromUnixTimestamp64Nano(${params.add('Int64', String(range.fromNs))})`,
    `r.time < fromUnixTimestamp64Nano(${params.add('Int64', String(range.toNs))})`,
  ];
  if (flowId !== '') parts.push(`flow_id = ${params.add('String', flowId)}`);
  if (text !== '') parts.push(textCondition(text, params));
  for (const { key, value, exclude } of filters) {
    const condition = `${textOf(key, params)} = ${params.add('String', value)}`;
    parts.push(exclude ? `NOT (${condition})` : condition);
  }
  return parts.join(' AND ');
}

function textCondition(text: string, params: Params): string {
  const port = /^:?(\d{1,5})$/.exec(text)?.[1];
  if (port !== undefined) {
    const number = params.add('UInt32', Number(port));
    return `(client_port = ${number} OR server_port = ${number})`;
  }
  const both = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text);
  // `::1` ends with a colon and a digit too, but what is before it is no address.
  if (both !== null && !both[1]!.endsWith(':')) {
    const address = params.add('String', both[1]);
    const number = params.add('UInt32', Number(both[2]));
    const side = (name: string) => `(${name}_address = ${address} AND ${name}_port = ${number})`;
    return `(${side('client')} OR ${side('server')})`;
  }
  const word = params.add('String', text);
  return `(startsWith(client_address, ${word}) OR startsWith(server_address, ${word})
    OR lower(network_protocol_name) = lower(${word}) OR lower(network_transport) = lower(${word}))`;
}

const columns = new Map(
  flowAttributes
    .filter(({ type }) => type !== 'ints' && type !== 'strings')
    .map(({ key }) => [key, flowColumnName(key)]),
);

/** SQL: the value of an attribute as text; of one without a column from the maps. */
function textOf(key: string, params: Params): string {
  const column = columns.get(key);
  if (column !== undefined) return `toString(r.${column})`;
  const name = params.add('String', key);
  return `if(mapContains(r.attributes, ${name}), r.attributes[${name}], r.resource_attributes[${name}])`;
}
