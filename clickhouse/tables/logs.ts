/** The stored table of logs, and the view upstream tools read. */
import { attributeColumns, hexOrEmpty, resourceColumns, scopeColumns } from './common.ts';
import { receivedDate, type Table, type View } from './table.ts';

const traceIdHex = hexOrEmpty('trace_id');

export const logs: Table = {
  name: 'logs',
  comment: 'One row per log record',
  engine: 'MergeTree',
  columns: [
    receivedDate,
    {
      name: 'time',
      type: 'DateTime64(9)',
      codec: 'Delta(8), ZSTD(1)',
      comment: 'When it happened, UTC; the observed time when the record has no time of its own',
    },
    { name: 'has_time', type: 'Bool', codec: 'ZSTD(1)', comment: 'The record has a time of its own' },
    {
      name: 'observed_time',
      type: 'DateTime64(9)',
      codec: 'Delta(8), ZSTD(1)',
      comment: 'When it was collected, UTC',
    },
    { name: 'trace_id', type: 'FixedString(16)', codec: 'ZSTD(1)', comment: 'Trace id, binary; zeros when missing' },
    { name: 'span_id', type: 'FixedString(8)', codec: 'ZSTD(1)', comment: 'Span id, binary; zeros when missing' },
    { name: 'flags', type: 'UInt32', codec: 'ZSTD(1)', comment: 'Bits 0-7 W3C trace flags' },
    {
      name: 'severity_text',
      type: 'LowCardinality(String)',
      codec: 'ZSTD(1)',
      comment: 'Severity as the source wrote it',
    },
    { name: 'severity_number', type: 'Int32', codec: 'ZSTD(1)', comment: '1 (trace) to 24 (fatal); 0 unspecified' },
    { name: 'event_name', type: 'LowCardinality(String)', codec: 'ZSTD(1)', comment: 'Name, when it is an event' },
    { name: 'body', type: 'String', codec: 'ZSTD(1)', comment: 'The message, as text' },
    {
      name: 'body_type',
      type: 'LowCardinality(String)',
      codec: 'ZSTD(1)',
      comment: 'Type of the body, a letter as in attribute_types',
    },
    ...resourceColumns,
    ...scopeColumns,
    ...attributeColumns('attributes', 'attribute_types', 'log record'),
    { name: 'dropped_attributes_count', type: 'UInt32', codec: 'ZSTD(1)', comment: 'Attributes the SDK discarded' },
  ],
  orderBy: ['toStartOfFiveMinutes(time)', 'service_name', 'time'],
  indexes: [
    `idx_trace_id ${traceIdHex} TYPE bloom_filter(0.001) GRANULARITY 1`,
    'idx_attribute_keys mapKeys(attributes) TYPE bloom_filter(0.01) GRANULARITY 1',
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
  ${traceIdHex} AS TraceId,
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
