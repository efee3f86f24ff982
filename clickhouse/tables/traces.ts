/** The stored tables of traces: `spans`, the time range of each trace, and the views upstream tools read. */
import { attributeColumns, hexArray, hexOrEmpty, nameOf, resourceColumns, scopeColumns } from './common.ts';
import { type Column, receivedDate, type Table, type View } from './table.ts';

const traceIdHex = hexOrEmpty('trace_id');

export const spans: Table = {
  name: 'spans',
  comment: 'One row per span',
  engine: 'MergeTree',
  columns: [
    receivedDate,
    {
      name: 'start_time',
      type: 'DateTime64(9)',
      codec: 'Delta(8), ZSTD(1)',
      comment: 'Start of the operation, UTC',
    },
    {
      name: 'duration_ns',
      type: 'Int64',
      codec: 'ZSTD(1)',
      comment: 'End minus start, ns; start_time + duration_ns is the exact end',
    },
    { name: 'trace_id', type: 'FixedString(16)', codec: 'ZSTD(1)', comment: 'Trace id, binary; zeros when missing' },
    { name: 'span_id', type: 'FixedString(8)', codec: 'ZSTD(1)', comment: 'Span id, binary; zeros when missing' },
    {
      name: 'parent_span_id',
      type: 'FixedString(8)',
      codec: 'ZSTD(1)',
      comment: 'Parent span id, binary; zeros for a root',
    },
    { name: 'trace_state', type: 'String', codec: 'ZSTD(1)', comment: 'W3C tracestate' },
    {
      name: 'flags',
      type: 'UInt32',
      codec: 'ZSTD(1)',
      comment: 'Bits 0-7 W3C trace flags, 8 has_is_remote, 9 is_remote',
    },
    { name: 'name', type: 'LowCardinality(String)', codec: 'ZSTD(1)', comment: 'Operation name' },
    {
      name: 'kind',
      type: 'Int32',
      codec: 'ZSTD(1)',
      comment: '0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer',
    },
    ...resourceColumns,
    ...scopeColumns,
    ...attributeColumns('attributes', 'attribute_types', 'span'),
    { name: 'dropped_attributes_count', type: 'UInt32', codec: 'ZSTD(1)', comment: 'Attributes the SDK discarded' },
    { name: 'dropped_events_count', type: 'UInt32', codec: 'ZSTD(1)', comment: 'Events the SDK discarded' },
    { name: 'dropped_links_count', type: 'UInt32', codec: 'ZSTD(1)', comment: 'Links the SDK discarded' },
    { name: 'status_code', type: 'Int32', codec: 'ZSTD(1)', comment: '0 unset, 1 ok, 2 error' },
    { name: 'status_message', type: 'String', codec: 'ZSTD(1)', comment: 'Text of the status' },
    { name: 'events_time', type: 'Array(DateTime64(9))', codec: 'ZSTD(1)', comment: 'When each event happened, UTC' },
    {
      name: 'events_name',
      type: 'Array(LowCardinality(String))',
      codec: 'ZSTD(1)',
      comment: 'Name of each event',
    },
    ...arrayAttributeColumns('events', 'event'),
    { name: 'links_trace_id', type: 'Array(FixedString(16))', codec: 'ZSTD(1)', comment: 'Trace of each linked span' },
    { name: 'links_span_id', type: 'Array(FixedString(8))', codec: 'ZSTD(1)', comment: 'Each linked span' },
    { name: 'links_trace_state', type: 'Array(String)', codec: 'ZSTD(1)', comment: 'W3C tracestate of each link' },
    { name: 'links_flags', type: 'Array(UInt32)', codec: 'ZSTD(1)', comment: 'Flags of each link, as `flags`' },
    ...arrayAttributeColumns('links', 'link'),
  ],
  orderBy: ['toStartOfFiveMinutes(start_time)', 'service_name', 'name', 'start_time'],
  indexes: [
    `idx_trace_id ${traceIdHex} TYPE bloom_filter(0.001) GRANULARITY 1`,
    'idx_duration duration_ns TYPE minmax GRANULARITY 1',
    'idx_attribute_keys mapKeys(attributes) TYPE bloom_filter(0.01) GRANULARITY 1',
  ],
};

/** Filled by a materialized view; several rows of one trace merge into one. */
export const traceRanges: Table = {
  name: 'trace_ranges',
  comment: 'From when to when each trace has spans',
  engine: 'AggregatingMergeTree',
  columns: [
    receivedDate,
    { name: 'trace_id', type: 'String', codec: 'ZSTD(1)', comment: 'Trace id, lower-case hex' },
    {
      name: 'start',
      type: 'SimpleAggregateFunction(min, DateTime64(9))',
      codec: 'ZSTD(1)',
      comment: 'Start of the first span, UTC',
    },
    {
      name: 'end',
      type: 'SimpleAggregateFunction(max, DateTime64(9))',
      codec: 'ZSTD(1)',
      comment: 'Start of the last span, UTC',
    },
  ],
  orderBy: ['trace_id'],
  indexes: [],
};

export const traceViews: readonly View[] = [
  {
    name: 'trace_ranges_mv',
    comment: 'Fills trace_ranges',
    to: 'trace_ranges',
    select: `
SELECT received_date, lower(hex(spans.trace_id)) AS trace_id, min(start_time) AS start, max(start_time) AS end
FROM {database}.spans
WHERE notEmpty(spans.trace_id)
GROUP BY received_date, spans.trace_id`,
  },
  {
    name: 'otel_traces',
    comment: 'Spans as clickhouseexporter of the OpenTelemetry Collector (v0.161) names them',
    select: `
SELECT
  start_time AS Timestamp,
  ${traceIdHex} AS TraceId,
  ${hexOrEmpty('span_id')} AS SpanId,
  ${hexOrEmpty('parent_span_id')} AS ParentSpanId,
  trace_state AS TraceState,
  name AS SpanName,
  ${nameOf('kind', ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'])} AS SpanKind,
  service_name AS ServiceName,
  resource_attributes AS ResourceAttributes,
  CAST(scope_name, 'String') AS ScopeName,
  CAST(scope_version, 'String') AS ScopeVersion,
  attributes AS SpanAttributes,
  toUInt64(duration_ns) AS Duration,
  ${nameOf('status_code', ['Unset', 'Ok', 'Error'])} AS StatusCode,
  status_message AS StatusMessage,
  events_time AS \`Events.Timestamp\`,
  events_name AS \`Events.Name\`,
  events_attributes AS \`Events.Attributes\`,
  ${hexArray('links_trace_id')} AS \`Links.TraceId\`,
  ${hexArray('links_span_id')} AS \`Links.SpanId\`,
  links_trace_state AS \`Links.TraceState\`,
  links_attributes AS \`Links.Attributes\`
FROM {database}.spans`,
  },
  {
    name: 'otel_traces_trace_id_ts',
    comment: 'Time range of a trace, as clickhouseexporter names it',
    select: `
SELECT trace_id AS TraceId, toDateTime(start) AS Start, toDateTime(end) AS End
FROM {database}.trace_ranges`,
  },
];

function arrayAttributeColumns(name: 'events' | 'links', of: string): Column[] {
  return [
    {
      name: `${name}_attributes`,
      type: 'Array(Map(LowCardinality(String), String))',
      codec: 'ZSTD(1)',
      comment: `Attributes of each ${of}, values as text`,
    },
    {
      name: `${name}_attribute_types`,
      type: 'Array(LowCardinality(String))',
      codec: 'ZSTD(1)',
      comment: `Types of each ${of}'s attributes, as attribute_types`,
    },
    {
      name: `${name}_dropped_attributes_count`,
      type: 'Array(UInt32)',
      codec: 'ZSTD(1)',
      comment: `Attributes of each ${of} the SDK discarded`,
    },
  ];
}
