/**
 * The table of every OTLP message this collector reads and writes (opentelemetry-proto 1.10, profiles v1development).
 *
 * The column classes, readers, writers and checkers (`pdata/otlp/*.gen.ts`) and the JSON mapping come from it.
 *
 * Types: a protobuf scalar, `id8`/`id16` (bytes of exactly that length, or none), `enum`, or a message name.
 * `T*` is repeated, `T?` is optional with presence, `T|name` is a variant of the oneof `name`.
 */
export type FieldRow = readonly [number: number, name: string, type: string, meaning: string];

export interface Message {
  meaning: string;
  fields: readonly FieldRow[];
}

export const messages: Readonly<Record<string, Message>> = {
  // ---- common -------------------------------------------------------------------------------------------------
  KeyValue: {
    meaning: 'An attribute.',
    fields: [
      [1, 'key', 'string', 'Attribute name.'],
      [2, 'value', 'AnyValue', 'Attribute value.'],
      [3, 'key_strindex', 'int32', 'Attribute name as an index into ProfilesDictionary.string_table; profiles only.'],
    ],
  },
  AnyValue: {
    meaning: 'A value of any kind; none set is the empty value.',
    fields: [
      [1, 'string_value', 'string|value', 'Text.'],
      [2, 'bool_value', 'bool|value', 'Truth value.'],
      [3, 'int_value', 'int64|value', 'Signed integer.'],
      [4, 'double_value', 'double|value', 'IEEE 754 number.'],
      [5, 'array_value', 'ArrayValue|value', 'List of values.'],
      [6, 'kvlist_value', 'KeyValueList|value', 'Map of values.'],
      [7, 'bytes_value', 'bytes|value', 'Opaque bytes.'],
      [
        8,
        'string_value_strindex',
        'int32|value',
        'Text as an index into ProfilesDictionary.string_table; profiles only.',
      ],
    ],
  },
  ArrayValue: { meaning: 'A list of values.', fields: [[1, 'values', 'AnyValue*', 'The values.']] },
  KeyValueList: { meaning: 'A map of values.', fields: [[1, 'values', 'KeyValue*', 'The entries.']] },
  EntityRef: {
    meaning: 'An entity that the resource is about, named by attribute keys of the resource.',
    fields: [
      [1, 'schema_url', 'string', 'Schema of the entity.'],
      [2, 'type', 'string', 'Entity type, as `service` or `host`.'],
      [3, 'id_keys', 'string*', 'Attribute keys that identify the entity.'],
      [4, 'description_keys', 'string*', 'Attribute keys that describe the entity.'],
    ],
  },
  Resource: {
    meaning: 'What produced the data.',
    fields: [
      [1, 'attributes', 'KeyValue*', 'Attributes of the resource.'],
      [2, 'dropped_attributes_count', 'uint32', 'Attributes the SDK discarded.'],
      [3, 'entity_refs', 'EntityRef*', 'Entities of the resource.'],
    ],
  },
  InstrumentationScope: {
    meaning: 'The library that made the data.',
    fields: [
      [1, 'name', 'string', 'Library name.'],
      [2, 'version', 'string', 'Library version.'],
      [3, 'attributes', 'KeyValue*', 'Attributes of the scope.'],
      [4, 'dropped_attributes_count', 'uint32', 'Attributes the SDK discarded.'],
    ],
  },

  // ---- traces -------------------------------------------------------------------------------------------------
  ExportTraceServiceRequest: {
    meaning: 'A request of spans.',
    fields: [[1, 'resource_spans', 'ResourceSpans*', 'Spans by resource.']],
  },
  ResourceSpans: {
    meaning: 'Spans of one resource.',
    fields: [
      [1, 'resource', 'Resource', 'The resource.'],
      [2, 'scope_spans', 'ScopeSpans*', 'Spans by scope.'],
      [3, 'schema_url', 'string', 'Schema of the resource.'],
    ],
  },
  ScopeSpans: {
    meaning: 'Spans of one scope.',
    fields: [
      [1, 'scope', 'InstrumentationScope', 'The scope.'],
      [2, 'spans', 'Span*', 'The spans.'],
      [3, 'schema_url', 'string', 'Schema of scope and spans.'],
    ],
  },
  Span: {
    meaning: 'One operation of a trace.',
    fields: [
      [1, 'trace_id', 'id16', 'Trace the span belongs to.'],
      [2, 'span_id', 'id8', 'The span itself.'],
      [3, 'trace_state', 'string', 'W3C tracestate header.'],
      [4, 'parent_span_id', 'id8', 'Parent span; none for a root.'],
      [5, 'name', 'string', 'Operation name.'],
      [6, 'kind', 'enum', 'SpanKind: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.'],
      [7, 'start_time_unix_nano', 'fixed64', 'Start, ns since 1970-01-01 UTC.'],
      [8, 'end_time_unix_nano', 'fixed64', 'End, ns since 1970-01-01 UTC.'],
      [9, 'attributes', 'KeyValue*', 'Attributes of the span.'],
      [10, 'dropped_attributes_count', 'uint32', 'Attributes the SDK discarded.'],
      [11, 'events', 'SpanEvent*', 'Events during the span.'],
      [12, 'dropped_events_count', 'uint32', 'Events the SDK discarded.'],
      [13, 'links', 'SpanLink*', 'Links to other spans.'],
      [14, 'dropped_links_count', 'uint32', 'Links the SDK discarded.'],
      [15, 'status', 'Status', 'Outcome.'],
      [16, 'flags', 'fixed32', 'Bits 0-7 W3C trace flags, 8 has_is_remote, 9 is_remote.'],
    ],
  },
  SpanEvent: {
    meaning: 'Something that happened at one moment of a span (Span.Event).',
    fields: [
      [1, 'time_unix_nano', 'fixed64', 'When, ns since 1970-01-01 UTC.'],
      [2, 'name', 'string', 'Event name.'],
      [3, 'attributes', 'KeyValue*', 'Attributes of the event.'],
      [4, 'dropped_attributes_count', 'uint32', 'Attributes the SDK discarded.'],
    ],
  },
  SpanLink: {
    meaning: 'A pointer to a span of this or another trace (Span.Link).',
    fields: [
      [1, 'trace_id', 'id16', 'Trace of the linked span.'],
      [2, 'span_id', 'id8', 'The linked span.'],
      [3, 'trace_state', 'string', 'W3C tracestate of the link.'],
      [4, 'attributes', 'KeyValue*', 'Attributes of the link.'],
      [5, 'dropped_attributes_count', 'uint32', 'Attributes the SDK discarded.'],
      [6, 'flags', 'fixed32', 'As Span.flags.'],
    ],
  },
  Status: {
    meaning: 'Outcome of a span.',
    fields: [
      [2, 'message', 'string', 'Text for people.'],
      [3, 'code', 'enum', 'StatusCode: 0 unset, 1 ok, 2 error.'],
    ],
  },

  // ---- logs ---------------------------------------------------------------------------------------------------
  ExportLogsServiceRequest: {
    meaning: 'A request of log records.',
    fields: [[1, 'resource_logs', 'ResourceLogs*', 'Log records by resource.']],
  },
  ResourceLogs: {
    meaning: 'Log records of one resource.',
    fields: [
      [1, 'resource', 'Resource', 'The resource.'],
      [2, 'scope_logs', 'ScopeLogs*', 'Log records by scope.'],
      [3, 'schema_url', 'string', 'Schema of the resource.'],
    ],
  },
  ScopeLogs: {
    meaning: 'Log records of one scope.',
    fields: [
      [1, 'scope', 'InstrumentationScope', 'The scope.'],
      [2, 'log_records', 'LogRecord*', 'The log records.'],
      [3, 'schema_url', 'string', 'Schema of scope and log records.'],
    ],
  },
  LogRecord: {
    meaning: 'One log record or event.',
    fields: [
      [1, 'time_unix_nano', 'fixed64', 'When it happened, ns since 1970-01-01 UTC; 0 unknown.'],
      [2, 'severity_number', 'enum', 'SeverityNumber 1..24; 0 unspecified.'],
      [3, 'severity_text', 'string', 'Severity as the source wrote it.'],
      [5, 'body', 'AnyValue', 'The message.'],
      [6, 'attributes', 'KeyValue*', 'Attributes of the record.'],
      [7, 'dropped_attributes_count', 'uint32', 'Attributes the SDK discarded.'],
      [8, 'flags', 'fixed32', 'Bits 0-7 W3C trace flags.'],
      [9, 'trace_id', 'id16', 'Trace during which it was written.'],
      [10, 'span_id', 'id8', 'Span during which it was written.'],
      [11, 'observed_time_unix_nano', 'fixed64', 'When it was collected, ns since 1970-01-01 UTC.'],
      [12, 'event_name', 'string', 'Event name, when the record is an event.'],
    ],
  },

  // ---- metrics ------------------------------------------------------------------------------------------------
  ExportMetricsServiceRequest: {
    meaning: 'A request of metrics.',
    fields: [[1, 'resource_metrics', 'ResourceMetrics*', 'Metrics by resource.']],
  },
  ResourceMetrics: {
    meaning: 'Metrics of one resource.',
    fields: [
      [1, 'resource', 'Resource', 'The resource.'],
      [2, 'scope_metrics', 'ScopeMetrics*', 'Metrics by scope.'],
      [3, 'schema_url', 'string', 'Schema of the resource.'],
    ],
  },
  ScopeMetrics: {
    meaning: 'Metrics of one scope.',
    fields: [
      [1, 'scope', 'InstrumentationScope', 'The scope.'],
      [2, 'metrics', 'Metric*', 'The metrics.'],
      [3, 'schema_url', 'string', 'Schema of scope and metrics.'],
    ],
  },
  Metric: {
    meaning: 'One metric with its data points, all of one kind.',
    fields: [
      [1, 'name', 'string', 'Metric name.'],
      [2, 'description', 'string', 'Text for people.'],
      [3, 'unit', 'string', 'UCUM unit.'],
      [5, 'gauge', 'Gauge|data', 'Last values.'],
      [7, 'sum', 'Sum|data', 'Sums.'],
      [9, 'histogram', 'Histogram|data', 'Histograms of explicit buckets.'],
      [10, 'exponential_histogram', 'ExponentialHistogram|data', 'Histograms of exponential buckets.'],
      [11, 'summary', 'Summary|data', 'Quantiles computed by the source.'],
      [12, 'metadata', 'KeyValue*', 'Attributes of the metric itself.'],
    ],
  },
  Gauge: { meaning: 'Last values.', fields: [[1, 'data_points', 'NumberDataPoint*', 'The points.']] },
  Sum: {
    meaning: 'Sums over time.',
    fields: [
      [1, 'data_points', 'NumberDataPoint*', 'The points.'],
      [2, 'aggregation_temporality', 'enum', 'AggregationTemporality: 0 unspecified, 1 delta, 2 cumulative.'],
      [3, 'is_monotonic', 'bool', 'The sum never falls.'],
    ],
  },
  Histogram: {
    meaning: 'Histograms of explicit buckets.',
    fields: [
      [1, 'data_points', 'HistogramDataPoint*', 'The points.'],
      [2, 'aggregation_temporality', 'enum', 'AggregationTemporality: 0 unspecified, 1 delta, 2 cumulative.'],
    ],
  },
  ExponentialHistogram: {
    meaning: 'Histograms of exponential buckets.',
    fields: [
      [1, 'data_points', 'ExponentialHistogramDataPoint*', 'The points.'],
      [2, 'aggregation_temporality', 'enum', 'AggregationTemporality: 0 unspecified, 1 delta, 2 cumulative.'],
    ],
  },
  Summary: { meaning: 'Summaries.', fields: [[1, 'data_points', 'SummaryDataPoint*', 'The points.']] },
  NumberDataPoint: {
    meaning: 'A value of a gauge or sum.',
    fields: [
      [2, 'start_time_unix_nano', 'fixed64', 'Start of the interval, ns since 1970-01-01 UTC.'],
      [3, 'time_unix_nano', 'fixed64', 'When the value was true, ns since 1970-01-01 UTC.'],
      [4, 'as_double', 'double|value', 'The value as a double.'],
      [5, 'exemplars', 'Exemplar*', 'Sample measurements.'],
      [6, 'as_int', 'sfixed64|value', 'The value as an integer.'],
      [7, 'attributes', 'KeyValue*', 'Attributes of the point.'],
      [8, 'flags', 'uint32', 'Bit 0: no recorded value.'],
    ],
  },
  HistogramDataPoint: {
    meaning: 'A histogram of explicit buckets.',
    fields: [
      [2, 'start_time_unix_nano', 'fixed64', 'Start of the interval, ns since 1970-01-01 UTC.'],
      [3, 'time_unix_nano', 'fixed64', 'End of the interval, ns since 1970-01-01 UTC.'],
      [4, 'count', 'fixed64', 'Number of measurements.'],
      [5, 'sum', 'double?', 'Sum of the measurements.'],
      [6, 'bucket_counts', 'fixed64*', 'Measurements per bucket, one more than bounds.'],
      [7, 'explicit_bounds', 'double*', 'Upper bounds of the buckets, rising.'],
      [8, 'exemplars', 'Exemplar*', 'Sample measurements.'],
      [9, 'attributes', 'KeyValue*', 'Attributes of the point.'],
      [10, 'flags', 'uint32', 'Bit 0: no recorded value.'],
      [11, 'min', 'double?', 'Smallest measurement.'],
      [12, 'max', 'double?', 'Largest measurement.'],
    ],
  },
  ExponentialHistogramDataPoint: {
    meaning: 'A histogram whose bucket i holds (base^i, base^(i+1)], base = 2^(2^-scale).',
    fields: [
      [1, 'attributes', 'KeyValue*', 'Attributes of the point.'],
      [2, 'start_time_unix_nano', 'fixed64', 'Start of the interval, ns since 1970-01-01 UTC.'],
      [3, 'time_unix_nano', 'fixed64', 'End of the interval, ns since 1970-01-01 UTC.'],
      [4, 'count', 'fixed64', 'Number of measurements.'],
      [5, 'sum', 'double?', 'Sum of the measurements.'],
      [6, 'scale', 'sint32', 'Resolution.'],
      [7, 'zero_count', 'fixed64', 'Measurements within the zero threshold.'],
      [8, 'positive', 'Buckets', 'Buckets of positive values.'],
      [9, 'negative', 'Buckets', 'Buckets of negative values.'],
      [10, 'flags', 'uint32', 'Bit 0: no recorded value.'],
      [11, 'exemplars', 'Exemplar*', 'Sample measurements.'],
      [12, 'min', 'double?', 'Smallest measurement.'],
      [13, 'max', 'double?', 'Largest measurement.'],
      [14, 'zero_threshold', 'double', 'Half width of the zero bucket.'],
    ],
  },
  Buckets: {
    meaning: 'Counts of consecutive exponential buckets.',
    fields: [
      [1, 'offset', 'sint32', 'Index of the first bucket.'],
      [2, 'bucket_counts', 'uint64*', 'Measurements per bucket.'],
    ],
  },
  SummaryDataPoint: {
    meaning: 'Quantiles computed by the source.',
    fields: [
      [2, 'start_time_unix_nano', 'fixed64', 'Start of the interval, ns since 1970-01-01 UTC.'],
      [3, 'time_unix_nano', 'fixed64', 'End of the interval, ns since 1970-01-01 UTC.'],
      [4, 'count', 'fixed64', 'Number of measurements.'],
      [5, 'sum', 'double', 'Sum of the measurements.'],
      [6, 'quantile_values', 'ValueAtQuantile*', 'The quantiles.'],
      [7, 'attributes', 'KeyValue*', 'Attributes of the point.'],
      [8, 'flags', 'uint32', 'Bit 0: no recorded value.'],
    ],
  },
  ValueAtQuantile: {
    meaning: 'One quantile of a summary.',
    fields: [
      [1, 'quantile', 'double', 'Quantile, 0..1.'],
      [2, 'value', 'double', 'Its value.'],
    ],
  },
  Exemplar: {
    meaning: 'One sample measurement with the span during which it was taken.',
    fields: [
      [2, 'time_unix_nano', 'fixed64', 'When, ns since 1970-01-01 UTC.'],
      [3, 'as_double', 'double|value', 'The value as a double.'],
      [4, 'span_id', 'id8', 'Span of the measurement.'],
      [5, 'trace_id', 'id16', 'Trace of the measurement.'],
      [6, 'as_int', 'sfixed64|value', 'The value as an integer.'],
      [7, 'filtered_attributes', 'KeyValue*', 'Attributes that aggregation left out.'],
    ],
  },

  // ---- profiles -----------------------------------------------------------------------------------------------
  ExportProfilesServiceRequest: {
    meaning: 'A request of profiles; all their `*_index` fields point into the one dictionary.',
    fields: [
      [1, 'resource_profiles', 'ResourceProfiles*', 'Profiles by resource.'],
      [
        2,
        'dictionary',
        'ProfilesDictionary',
        'Tables that the profiles point into; entry 0 of each is the zero value.',
      ],
    ],
  },
  ResourceProfiles: {
    meaning: 'Profiles of one resource.',
    fields: [
      [1, 'resource', 'Resource', 'The resource.'],
      [2, 'scope_profiles', 'ScopeProfiles*', 'Profiles by scope.'],
      [3, 'schema_url', 'string', 'Schema of the resource.'],
    ],
  },
  ScopeProfiles: {
    meaning: 'Profiles of one scope.',
    fields: [
      [1, 'scope', 'InstrumentationScope', 'The scope.'],
      [2, 'profiles', 'Profile*', 'The profiles.'],
      [3, 'schema_url', 'string', 'Schema of scope and profiles.'],
    ],
  },
  Profile: {
    meaning: 'Stack samples of one type.',
    fields: [
      [1, 'sample_type', 'ValueType', 'Type and unit of the values.'],
      [2, 'samples', 'Sample*', 'The samples.'],
      [3, 'time_unix_nano', 'fixed64', 'Start, ns since 1970-01-01 UTC.'],
      [4, 'duration_nano', 'uint64', 'Length, ns.'],
      [5, 'period_type', 'ValueType', 'What the period counts.'],
      [6, 'period', 'int64', 'Events between two samples.'],
      [7, 'profile_id', 'bytes', 'Unique id, 16 bytes.'],
      [8, 'dropped_attributes_count', 'uint32', 'Attributes the source discarded.'],
      [9, 'original_payload_format', 'string', 'Format of the original, as `pprof` or `jfr`.'],
      [10, 'original_payload', 'bytes', 'The original profile.'],
      [11, 'attribute_indices', 'int32*', 'Attributes, in attribute_table.'],
    ],
  },
  ValueType: {
    meaning: 'Type and unit of a value.',
    fields: [
      [1, 'type_strindex', 'int32', 'Type, in string_table.'],
      [2, 'unit_strindex', 'int32', 'Unit, in string_table.'],
    ],
  },
  Sample: {
    meaning: 'A stack with the values or moments at which it was seen.',
    fields: [
      [1, 'stack_index', 'int32', 'Stack, in stack_table.'],
      [2, 'attribute_indices', 'int32*', 'Attributes, in attribute_table.'],
      [3, 'link_index', 'int32', 'Span, in link_table; 0 none.'],
      [4, 'values', 'int64*', 'Values, in the unit of the sample type.'],
      [5, 'timestamps_unix_nano', 'fixed64*', 'Moments, ns since 1970-01-01 UTC.'],
    ],
  },
  ProfilesDictionary: {
    meaning: 'The tables shared by all profiles of a request.',
    fields: [
      [1, 'mapping_table', 'Mapping*', 'Mapped files.'],
      [2, 'location_table', 'Location*', 'Code addresses.'],
      [3, 'function_table', 'Function*', 'Functions.'],
      [4, 'link_table', 'ProfileLink*', 'Spans.'],
      [5, 'string_table', 'string*', 'Strings.'],
      [6, 'attribute_table', 'KeyValueAndUnit*', 'Attributes.'],
      [7, 'stack_table', 'Stack*', 'Stacks.'],
    ],
  },
  Mapping: {
    meaning: 'A file mapped into the process.',
    fields: [
      [1, 'memory_start', 'uint64', 'First address.'],
      [2, 'memory_limit', 'uint64', 'Address after the last.'],
      [3, 'file_offset', 'uint64', 'Offset in the file of the first address.'],
      [4, 'filename_strindex', 'int32', 'File, in string_table.'],
      [5, 'attribute_indices', 'int32*', 'Attributes, in attribute_table.'],
    ],
  },
  Location: {
    meaning: 'A code address and the lines it stands for.',
    fields: [
      [1, 'mapping_index', 'int32', 'Mapping, in mapping_table.'],
      [2, 'address', 'uint64', 'Instruction address.'],
      [3, 'lines', 'Line*', 'Lines, the innermost inlined one first.'],
      [4, 'attribute_indices', 'int32*', 'Attributes, in attribute_table.'],
    ],
  },
  Line: {
    meaning: 'A line of a function.',
    fields: [
      [1, 'function_index', 'int32', 'Function, in function_table.'],
      [2, 'line', 'int64', 'Line number.'],
      [3, 'column', 'int64', 'Column number.'],
    ],
  },
  Function: {
    meaning: 'A function.',
    fields: [
      [1, 'name_strindex', 'int32', 'Name for people, in string_table.'],
      [2, 'system_name_strindex', 'int32', 'Linker name, in string_table.'],
      [3, 'filename_strindex', 'int32', 'Source file, in string_table.'],
      [4, 'start_line', 'int64', 'First line.'],
    ],
  },
  ProfileLink: {
    meaning: 'A span that samples belong to (profiles Link).',
    fields: [
      [1, 'trace_id', 'id16', 'Trace.'],
      [2, 'span_id', 'id8', 'Span.'],
    ],
  },
  KeyValueAndUnit: {
    meaning: 'An attribute with a unit.',
    fields: [
      [1, 'key_strindex', 'int32', 'Name, in string_table.'],
      [2, 'value', 'AnyValue', 'Value.'],
      [3, 'unit_strindex', 'int32', 'Unit, in string_table.'],
    ],
  },
  Stack: {
    meaning: 'A call stack.',
    fields: [[1, 'location_indices', 'int32*', 'Locations, leaf first, in location_table.']],
  },
};

/** The request message of each signal, and the message that counts as one item of it. */
export const roots = {
  traces: { request: 'ExportTraceServiceRequest', items: ['Span'] },
  metrics: {
    request: 'ExportMetricsServiceRequest',
    items: ['NumberDataPoint', 'HistogramDataPoint', 'ExponentialHistogramDataPoint', 'SummaryDataPoint'],
  },
  logs: { request: 'ExportLogsServiceRequest', items: ['LogRecord'] },
  profiles: { request: 'ExportProfilesServiceRequest', items: ['Sample'] },
} as const;
