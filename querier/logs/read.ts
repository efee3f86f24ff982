/** Reads log records, newest first, with a cursor to the next page. */
import { hexOrEmpty } from '../../clickhouse/tables/sql.ts';
import { type Attribute, type Pairs, readAttributes, selectPairs } from '../attributes/typed.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { type LogSearch, logCondition } from './search.ts';

export interface LogRecord {
  timeNs: string;
  severity: number;
  severityText: string;
  service: string;
  body: string;
  eventName: string;
  traceId: string;
  spanId: string;
  scopeName: string;
  attributes: Attribute[];
  resource: Attribute[];
}

export interface LogPage {
  logs: LogRecord[];
  /** The `after` of the next, older page; empty on the last. */
  next: string;
}

type LogRow = Omit<LogRecord, 'attributes' | 'resource'> & {
  pairs: Pairs;
  types: string;
  resourcePairs: Pairs;
  resourceTypes: string;
};

export async function readLogs(store: Store, search: LogSearch, limit: number, signal: AbortSignal): Promise<LogPage> {
  const params = new Params();
  const skip = search.after?.skip ?? 0;
  const rows = await store.select<LogRow>(
    `SELECT
       toUnixTimestamp64Nano(time) AS timeNs,
       severity_number AS severity,
       severity_text AS severityText,
       service_name AS service,
       body,
       event_name AS eventName,
       ${hexOrEmpty('trace_id')} AS traceId,
       ${hexOrEmpty('span_id')} AS spanId,
       scope_name AS scopeName,
       ${selectPairs('attributes')} AS pairs,
       attribute_types AS types,
       ${selectPairs('resource_attributes')} AS resourcePairs,
       resource_attribute_types AS resourceTypes
     FROM ${store.database}.logs
     WHERE ${logCondition(search, params)}
     ORDER BY toStartOfFiveMinutes(time) DESC, time DESC, body
     LIMIT ${params.add('UInt32', skip)}, ${params.add('UInt32', limit)}`,
    params,
    signal,
  );
  const logs = rows.map(({ pairs, types, resourcePairs, resourceTypes, ...row }) => ({
    ...row,
    attributes: readAttributes(pairs, types),
    resource: readAttributes(resourcePairs, resourceTypes),
  }));
  return { logs, next: logs.length < limit ? '' : cursorAfter(logs, search.after) };
}

/** Records of one and the same nanosecond are told apart by counting them. */
function cursorAfter(logs: readonly LogRecord[], before: LogSearch['after']): string {
  const last = logs.at(-1)!.timeNs;
  let same = 0;
  for (let at = logs.length - 1; at >= 0 && logs[at]!.timeNs === last; at--) same++;
  const carried = same === logs.length && before?.timeNs === last ? before.skip : 0;
  return `${last}:${same + carried}`;
}
