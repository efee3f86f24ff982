/** The stored tables of metrics: `series` says what is measured, the others hold the data points of each kind. */
import { attributeColumns, hexArray, resourceColumns, scopeColumns } from './common.ts';
import { type Column, receivedDate, type Table, type View } from './table.ts';

export const metricTypes = ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'] as const;
export type MetricType = (typeof metricTypes)[number];

const enumOfTypes = `Enum8(${metricTypes.map((type, index) => `'${type}' = ${index + 1}`).join(', ')})`;

const metricName: Column = {
  name: 'metric_name',
  type: 'LowCardinality(String)',
  codec: 'ZSTD(1)',
  comment: 'Name of the metric',
};
const metricType: Column = { name: 'type', type: enumOfTypes, codec: 'ZSTD(1)', comment: 'Kind of the metric' };

/** One row per series and day: announced again on each day on which it has data points, so that one TTL fits all. */
export const series: Table = {
  name: 'series',
  comment: 'What is measured: a metric with its attributes, scope and resource',
  engine: 'ReplacingMergeTree',
  columns: [
    receivedDate,
    {
      name: 'id',
      type: 'UInt64',
      codec: 'ZSTD(1)',
      comment: 'Hash of resource, scope, metric and attributes; the order of attributes does not matter',
    },
    metricName,
    metricType,
    { name: 'unit', type: 'LowCardinality(String)', codec: 'ZSTD(1)', comment: 'UCUM unit' },
    { name: 'description', type: 'String', codec: 'ZSTD(1)', comment: 'Text for people' },
    {
      name: 'temporality',
      type: 'Int32',
      codec: 'ZSTD(1)',
      comment: '0 unspecified, 1 delta, 2 cumulative',
    },
    { name: 'is_monotonic', type: 'Bool', codec: 'ZSTD(1)', comment: 'The sum never falls' },
    ...resourceColumns,
    ...scopeColumns,
    ...attributeColumns('attributes', 'attribute_types', 'series'),
    ...attributeColumns('metadata', 'metadata_types', 'metric itself'),
  ],
  orderBy: ['metric_name', 'id'],
  indexes: [],
};

const pointColumns: Column[] = [
  receivedDate,
  metricName,
  { name: 'series_id', type: 'UInt64', codec: 'ZSTD(1)', comment: 'The series, in table series' },
  { name: 'time', type: 'DateTime64(9)', codec: 'DoubleDelta, ZSTD(1)', comment: 'When the value was true, UTC' },
  {
    name: 'start_time',
    type: 'DateTime64(9)',
    codec: 'DoubleDelta, ZSTD(1)',
    comment: 'Start of the interval, UTC; 1970-01-01 when unknown',
  },
  { name: 'flags', type: 'UInt32', codec: 'ZSTD(1)', comment: 'Bit 0: no recorded value (the series ended)' },
];

const pointOrder = ['toStartOfHour(time)', 'metric_name', 'series_id', 'time'];

const exemplarColumns: Column[] = [
  {
    name: 'exemplars_time',
    type: 'Array(DateTime64(9))',
    codec: 'ZSTD(1)',
    comment: 'When each exemplar was measured, UTC',
  },
  { name: 'exemplars_value', type: 'Array(Float64)', codec: 'ZSTD(1)', comment: 'Value of each exemplar' },
  {
    name: 'exemplars_value_int',
    type: 'Array(Int64)',
    codec: 'ZSTD(1)',
    comment: 'Exact value of each integer exemplar, else 0',
  },
  {
    name: 'exemplars_value_type',
    type: 'Array(LowCardinality(String))',
    codec: 'ZSTD(1)',
    comment: 'Type of each value: d double, i int, e none',
  },
  {
    name: 'exemplars_trace_id',
    type: 'Array(FixedString(16))',
    codec: 'ZSTD(1)',
    comment: 'Trace of each measurement',
  },
  { name: 'exemplars_span_id', type: 'Array(FixedString(8))', codec: 'ZSTD(1)', comment: 'Span of each measurement' },
  {
    name: 'exemplars_attributes',
    type: 'Array(Map(LowCardinality(String), String))',
    codec: 'ZSTD(1)',
    comment: 'Attributes of each exemplar that the series leaves out, values as text',
  },
  {
    name: 'exemplars_attribute_types',
    type: 'Array(LowCardinality(String))',
    codec: 'ZSTD(1)',
    comment: "Types of each exemplar's attributes, as attribute_types",
  },
];

const totalColumns: Column[] = [
  { name: 'count', type: 'UInt64', codec: 'Delta(8), ZSTD(1)', comment: 'Number of measurements' },
  { name: 'sum', type: 'Nullable(Float64)', codec: 'ZSTD(1)', comment: 'Sum of the measurements' },
  { name: 'min', type: 'Nullable(Float64)', codec: 'ZSTD(1)', comment: 'Smallest measurement' },
  { name: 'max', type: 'Nullable(Float64)', codec: 'ZSTD(1)', comment: 'Largest measurement' },
];

/** Data points of gauges and sums. */
export const samples: Table = {
  name: 'samples',
  comment: 'One row per data point of a gauge or sum',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    metricType,
    {
      name: 'value',
      type: 'Float64',
      codec: 'Gorilla, ZSTD(1)',
      comment: 'The value; integers as the nearest double',
    },
    { name: 'value_int', type: 'Int64', codec: 'ZSTD(1)', comment: 'The exact value when it is an integer, else 0' },
    {
      name: 'value_type',
      type: 'LowCardinality(String)',
      codec: 'ZSTD(1)',
      comment: 'Type of the value: d double, i int, e none',
    },
    ...exemplarColumns,
  ],
  orderBy: pointOrder,
  indexes: [],
};

export const histograms: Table = {
  name: 'histograms',
  comment: 'One row per histogram data point',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    ...totalColumns,
    {
      name: 'bucket_counts',
      type: 'Array(UInt64)',
      codec: 'ZSTD(1)',
      comment: 'Measurements in each bucket, one more than bounds',
    },
    {
      name: 'explicit_bounds',
      type: 'Array(Float64)',
      codec: 'ZSTD(1)',
      comment: 'Upper bounds of the buckets',
    },
    ...exemplarColumns,
  ],
  orderBy: pointOrder,
  indexes: [],
};

export const exponentialHistograms: Table = {
  name: 'exponential_histograms',
  comment: 'One row per exponential histogram data point',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    ...totalColumns,
    {
      name: 'scale',
      type: 'Int32',
      codec: 'ZSTD(1)',
      comment: 'Resolution: bucket i ends at 2^((i+1) * 2^-scale)',
    },
    { name: 'zero_count', type: 'UInt64', codec: 'ZSTD(1)', comment: 'Measurements within the zero threshold' },
    { name: 'zero_threshold', type: 'Float64', codec: 'ZSTD(1)', comment: 'Half width of the zero bucket' },
    { name: 'positive_offset', type: 'Int32', codec: 'ZSTD(1)', comment: 'Index of the first positive bucket' },
    { name: 'positive_counts', type: 'Array(UInt64)', codec: 'ZSTD(1)', comment: 'Measurements per positive bucket' },
    { name: 'negative_offset', type: 'Int32', codec: 'ZSTD(1)', comment: 'Index of the first negative bucket' },
    { name: 'negative_counts', type: 'Array(UInt64)', codec: 'ZSTD(1)', comment: 'Measurements per negative bucket' },
    ...exemplarColumns,
  ],
  orderBy: pointOrder,
  indexes: [],
};

export const summaries: Table = {
  name: 'summaries',
  comment: 'One row per summary data point',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    { name: 'count', type: 'UInt64', codec: 'Delta(8), ZSTD(1)', comment: 'Number of measurements' },
    { name: 'sum', type: 'Float64', codec: 'ZSTD(1)', comment: 'Sum of the measurements' },
    { name: 'quantiles', type: 'Array(Float64)', codec: 'ZSTD(1)', comment: 'The quantiles, 0 to 1' },
    { name: 'quantile_values', type: 'Array(Float64)', codec: 'ZSTD(1)', comment: 'Value at each quantile' },
  ],
  orderBy: pointOrder,
  indexes: [],
};

const exemplarsOfView = `
  exemplars_attributes AS \`Exemplars.FilteredAttributes\`,
  CAST(exemplars_time, 'Array(DateTime)') AS \`Exemplars.TimeUnix\`,
  exemplars_value AS \`Exemplars.Value\`,
  ${hexArray('exemplars_span_id')} AS \`Exemplars.SpanId\`,
  ${hexArray('exemplars_trace_id')} AS \`Exemplars.TraceId\``;

/** Columns in the order of clickhouseexporter (v0.161); `middle` are those only this kind has. */
function metricView(type: MetricType, table: string, middle: string): View {
  return {
    name: `otel_metrics_${type}`,
    comment: 'Data points as clickhouseexporter of the OpenTelemetry Collector (v0.161) names them',
    select: `
SELECT
  s.resource_attributes AS ResourceAttributes,
  CAST(s.resource_schema_url, 'String') AS ResourceSchemaUrl,
  CAST(s.scope_name, 'String') AS ScopeName,
  CAST(s.scope_version, 'String') AS ScopeVersion,
  s.scope_attributes AS ScopeAttributes,
  s.scope_dropped_attributes_count AS ScopeDroppedAttrCount,
  CAST(s.scope_schema_url, 'String') AS ScopeSchemaUrl,
  s.service_name AS ServiceName,
  p.metric_name AS MetricName,
  s.description AS MetricDescription,
  CAST(s.unit, 'String') AS MetricUnit,
  s.attributes AS Attributes,
  toDateTime(p.start_time) AS StartTimeUnix,
  toDateTime(p.time) AS TimeUnix,
${middle.trimEnd()}
FROM {database}.${table} AS p
ANY LEFT JOIN {database}.series AS s ON p.metric_name = s.metric_name AND p.series_id = s.id${
      table === 'samples' ? `\nWHERE p.type = '${type}'` : ''
    }`,
  };
}

export const metricViews: readonly View[] = [
  metricView(
    'gauge',
    'samples',
    `
  p.value AS Value,
  p.flags AS Flags,${exemplarsOfView}`,
  ),
  metricView(
    'sum',
    'samples',
    `
  p.value AS Value,
  p.flags AS Flags,${exemplarsOfView},
  s.temporality AS AggregationTemporality,
  s.is_monotonic AS IsMonotonic`,
  ),
  metricView(
    'histogram',
    'histograms',
    `
  p.count AS Count,
  ifNull(p.sum, 0) AS Sum,
  p.bucket_counts AS BucketCounts,
  p.explicit_bounds AS ExplicitBounds,${exemplarsOfView},
  p.flags AS Flags,
  ifNull(p.min, 0) AS Min,
  ifNull(p.max, 0) AS Max,
  s.temporality AS AggregationTemporality`,
  ),
  metricView(
    'exponential_histogram',
    'exponential_histograms',
    `
  p.count AS Count,
  ifNull(p.sum, 0) AS Sum,
  p.scale AS Scale,
  p.zero_count AS ZeroCount,
  p.positive_offset AS PositiveOffset,
  p.positive_counts AS PositiveBucketCounts,
  p.negative_offset AS NegativeOffset,
  p.negative_counts AS NegativeBucketCounts,${exemplarsOfView},
  p.flags AS Flags,
  ifNull(p.min, 0) AS Min,
  ifNull(p.max, 0) AS Max,
  s.temporality AS AggregationTemporality`,
  ),
  metricView(
    'summary',
    'summaries',
    `
  p.count AS Count,
  p.sum AS Sum,
  p.quantiles AS \`ValueAtQuantiles.Quantile\`,
  p.quantile_values AS \`ValueAtQuantiles.Value\`,
  p.flags AS Flags`,
  ),
];
