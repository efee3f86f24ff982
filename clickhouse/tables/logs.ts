/** The stored table of logs, and the view upstream tools read. */
import type { LogColumns } from '../../pdata/otlp/logs.gen.ts';
import { typeLetters } from '../native/attributes.ts';
import { writeLetters } from '../native/letters.ts';
import { writeIds, writeNumbers } from '../native/numbers.ts';
import { writeLowCardinality, writeLowCardinalityPrefix } from '../native/strings.ts';
import { writeValueText } from '../native/value-text.ts';
import { attributeColumns, receivedDate, resourceColumns, scopeColumns } from './common.ts';
import { createRows, type Rows } from './rows.ts';
import { hexOrEmpty } from './sql.ts';
import { column, type StoredTable, type View } from './table.ts';

/** Log records with the time they are sorted by: their own, or the observed one. */
export interface LogRows extends Rows<LogColumns> {
  time: Uint32Array;
  hasTime: Uint8Array;
}

export function logRows(columns: LogColumns, receivedDay: number): LogRows {
  const { rows, scope, timeUnixNano, observedTimeUnixNano } = columns.logRecords;
  const time = timeUnixNano.slice(0, 2 * rows);
  const hasTime = new Uint8Array(rows).fill(1);
  for (let row = 0; row < rows; row++) {
    if (time[2 * row] !== 0 || time[2 * row + 1] !== 0) continue;
    hasTime[row] = 0;
    time[2 * row] = observedTimeUnixNano[2 * row]!;
    time[2 * row + 1] = observedTimeUnixNano[2 * row + 1]!;
  }
  return { ...createRows(columns, scope, rows, receivedDay), time, hasTime };
}

export const logs: StoredTable<LogRows> = {
  name: 'logs',
  comment: 'One row per log record',
  engine: 'MergeTree',
  columns: [
    receivedDate,
    column(
      'time',
      'DateTime64(9)',
      'When it happened, UTC; the observed time when the record has no time of its own',
      (out, { time, count }) => writeNumbers(out, time, 2 * count),
      'Delta(8), ZSTD(1)',
    ),
    column('has_time', 'Bool', 'The record has a time of its own', (out, { hasTime, count }) =>
      writeNumbers(out, hasTime, count),
    ),
    column(
      'observed_time',
      'DateTime64(9)',
      'When it was collected, UTC',
      (out, { columns: { logRecords }, count }) => writeNumbers(out, logRecords.observedTimeUnixNano, 2 * count),
      'Delta(8), ZSTD(1)',
    ),
    column(
      'trace_id',
      'FixedString(16)',
      'Trace id, binary; zeros when missing',
      (out, { columns: { arena, logRecords }, count }) => writeIds(out, arena, logRecords.traceId, count, 16),
    ),
    column(
      'span_id',
      'FixedString(8)',
      'Span id, binary; zeros when missing',
      (out, { columns: { arena, logRecords }, count }) => writeIds(out, arena, logRecords.spanId, count, 8),
    ),
    column('flags', 'UInt32', 'Bits 0-7 W3C trace flags', (out, { columns: { logRecords }, count }) =>
      writeNumbers(out, logRecords.flags, count),
    ),
    column(
      'severity_text',
      'LowCardinality(String)',
      'Severity as the source wrote it',
      (out, { columns: { arena, logRecords }, count }) => {
        writeLowCardinalityPrefix(out);
        writeLowCardinality(out, arena, logRecords.severityText, count);
      },
    ),
    column(
      'severity_number',
      'Int32',
      '1 (trace) to 24 (fatal); 0 unspecified',
      (out, { columns: { logRecords }, count }) => writeNumbers(out, logRecords.severityNumber, count),
    ),
    column(
      'event_name',
      'LowCardinality(String)',
      'Name, when it is an event',
      (out, { columns: { arena, logRecords }, count }) => {
        writeLowCardinalityPrefix(out);
        writeLowCardinality(out, arena, logRecords.eventName, count);
      },
    ),
    column('body', 'String', 'The message, as text', (out, { columns: { arena, logRecords }, count }) => {
      const { bodyType, body } = logRecords;
      for (let row = 0; row < count; row++) {
        writeValueText(out, arena, bodyType[row]!, body[2 * row]!, body[2 * row + 1]!);
      }
    }),
    column(
      'body_type',
      'LowCardinality(String)',
      'Type of the body, a letter as in attribute_types',
      (out, { columns: { logRecords }, count }) => writeLetters(out, logRecords.bodyType, typeLetters, count),
    ),
    ...resourceColumns,
    ...scopeColumns,
    ...attributeColumns('attributes', 'attribute_types', 'log record', ({ columns }: LogRows) => ({
      arena: columns.arena,
      table: columns.logRecordAttributes,
      start: columns.logRecords.attributesStart,
    })),
    column(
      'dropped_attributes_count',
      'UInt32',
      'Attributes the SDK discarded',
      (out, { columns: { logRecords }, count }) => writeNumbers(out, logRecords.droppedAttributesCount, count),
    ),
  ],
  orderBy: ['toStartOfFiveMinutes(time)', 'service_name', 'time'],
  indexes: [
    `idx_trace_id ${hexOrEmpty('trace_id')} TYPE bloom_filter(0.001) GRANULARITY 1`,
    'idx_body body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8',
  ],
};

export const logViews: readonly View[] = [
  {
    name: 'otel_logs',
    comment: 'Log records as clickhouseexporter of the OpenTelemetry Collector (v0.161) names them',
    select: `
SELECT
  time AS Timestamp,
  ${hexOrEmpty('trace_id')} AS TraceId,
  ${hexOrEmpty('span_id')} AS SpanId,
  toUInt8(flags) AS TraceFlags,
  severity_text AS SeverityText,
  toUInt8(severity_number) AS SeverityNumber,
  service_name AS ServiceName,
  body AS Body,
  resource_schema_url AS ResourceSchemaUrl,
  resource_attributes AS ResourceAttributes,
  scope_schema_url AS ScopeSchemaUrl,
  CAST(scope_name, 'String') AS ScopeName,
  scope_version AS ScopeVersion,
  scope_attributes AS ScopeAttributes,
  attributes AS LogAttributes,
  CAST(event_name, 'String') AS EventName
FROM {database}.logs`,
  },
];
