/** Views over spans: what upstream tools read, and the one that fills the time range of each trace. */
import { hexArray, hexOrEmpty, nameOf } from './sql.ts';
import type { View } from './table.ts';

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
  ${hexOrEmpty('trace_id')} AS TraceId,
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
