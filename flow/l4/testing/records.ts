/** Reads drained flow records back, for tests: attributes by name, and the records of one flow added up. */

import { wireToJson } from '../../../pdata/otlp/json.ts';
import { flowAttributes } from '../../../pdata/schema/flow-log.ts';

export type FlowValue = string | number | boolean | number[];
export type FlowRecord = Record<string, FlowValue>;

interface AnyValue {
  stringValue?: string;
  intValue?: string | number;
  boolValue?: boolean;
  arrayValue?: { values: AnyValue[] };
}

interface LogRecord {
  timeUnixNano: string;
  eventName: string;
  attributes: { key: string; value: AnyValue }[];
}

/** The records of an ExportLogsServiceRequest; `time` and `event_name` beside the attributes. */
export function readFlowRecords(request: Uint8Array | null): FlowRecord[] {
  if (request === null) return [];
  const { resourceLogs } = JSON.parse(wireToJson('logs', request)) as {
    resourceLogs: { scopeLogs: { logRecords: LogRecord[] }[] }[];
  };
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ timeUnixNano, eventName, attributes }) => ({
        time: Number(timeUnixNano),
        event_name: eventName,
        ...Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)])),
      })),
    ),
  );
}

/** Adds up records as the kinds of the attributes say; buckets are left out. */
export function sumFlowRecords(records: readonly FlowRecord[]): FlowRecord {
  const sum: FlowRecord = {};
  for (const record of records) {
    for (const { key, kind } of flowAttributes) {
      const value = record[key];
      if (value === undefined || kind === 'histogram') continue;
      const before = sum[key];
      if (before === undefined || kind === 'fact' || typeof before !== 'number' || typeof value !== 'number') {
        sum[key] = value;
      } else if (kind === 'delta') sum[key] = before + value;
      else if (kind === 'min') sum[key] = Math.min(before, value);
      else if (kind === 'max') sum[key] = Math.max(before, value);
      else if (kind === 'or') sum[key] = before | value;
    }
  }
  return sum;
}

function plain(value: AnyValue): FlowValue {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map((element) => Number(element.intValue));
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? '';
}
