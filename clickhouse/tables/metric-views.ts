/** Views that show data points with their series, named as upstream tools expect them. */
import type { MetricType } from './series.ts';
import { hexArray } from './sql.ts';
import type { View } from './table.ts';

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
