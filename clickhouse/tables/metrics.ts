/** The stored tables of data points, one per kind; `series` says what each measures. */
import type {
  ExponentialPointTable,
  HistogramPointTable,
  NumberPointTable,
  SummaryPointTable,
} from '../../pdata/otlp/metrics.gen.ts';
import type { Bytes } from '../native/bytes.ts';
import { writeLetters } from '../native/letters.ts';
import { writeArray64, writeBytesOf, writeNullable64, writeNumbers, writeOffsets } from '../native/numbers.ts';
import { receivedDate } from './common.ts';
import { exemplarColumns } from './exemplars.ts';
import type { PointRows, PointRowsWithExemplars } from './metric-rows.ts';
import { valueLetters, writeDoubles, writeIntegers } from './metric-values.ts';
import { metricName, metricTypeEnum, metricTypeNumbers } from './series.ts';
import { type Column, column, type StoredTable } from './table.ts';

const pointColumns: Column<PointRows>[] = [
  receivedDate,
  metricName((rows) => rows.points.metric),
  column('series_id', 'UInt64', 'The series, in table series', (out, { seriesId, count }) =>
    writeNumbers(out, seriesId, 2 * count),
  ),
  column(
    'time',
    'DateTime64(9)',
    'When the value was true, UTC',
    (out, { points, count }) => writeNumbers(out, points.timeUnixNano, 2 * count),
    'DoubleDelta, ZSTD(1)',
  ),
  column(
    'start_time',
    'DateTime64(9)',
    'Start of the interval, UTC; 1970-01-01 when unknown',
    (out, { points, count }) => writeNumbers(out, points.startTimeUnixNano, 2 * count),
    'DoubleDelta, ZSTD(1)',
  ),
  column('flags', 'UInt32', 'Bit 0: no recorded value (the series ended)', (out, { points, count }) =>
    writeNumbers(out, points.flags, count),
  ),
];

const pointOrder = ['toStartOfHour(time)', 'metric_name', 'series_id', 'time'];

type HistogramRows = PointRowsWithExemplars<HistogramPointTable>;
type ExponentialRows = PointRowsWithExemplars<ExponentialPointTable>;

const totalColumns: Column<PointRowsWithExemplars<HistogramPointTable | ExponentialPointTable>>[] = [
  column(
    'count',
    'UInt64',
    'Number of measurements',
    (out, { points, count }) => writeNumbers(out, points.count, 2 * count),
    'Delta(8), ZSTD(1)',
  ),
  column('sum', 'Nullable(Float64)', 'Sum of the measurements', (out, { points, count }) =>
    writeNullable64(out, points.sumSet, points.sum, count),
  ),
  column('min', 'Nullable(Float64)', 'Smallest measurement', (out, { points, count }) =>
    writeNullable64(out, points.minSet, points.min, count),
  ),
  column('max', 'Nullable(Float64)', 'Largest measurement', (out, { points, count }) =>
    writeNullable64(out, points.maxSet, points.max, count),
  ),
];

export const samples: StoredTable<PointRowsWithExemplars<NumberPointTable>> = {
  name: 'samples',
  comment: 'One row per data point of a gauge or sum',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    column('type', metricTypeEnum, 'Kind of the metric', (out, { columns, points, count }) =>
      writeBytesOf(out, metricTypeNumbers(columns.metrics), points.metric, count),
    ),
    column(
      'value',
      'Float64',
      'The value; integers as the nearest double',
      (out, { points, count }) => writeDoubles(out, points.valueCase, points.value, count),
      'Gorilla, ZSTD(1)',
    ),
    column('value_int', 'Int64', 'The exact value when it is an integer, else 0', (out, { points, count }) =>
      writeIntegers(out, points.valueCase, points.value, count),
    ),
    column(
      'value_type',
      'LowCardinality(String)',
      'Type of the value: d double, i int, e none',
      (out, { points, count }) => writeLetters(out, points.valueCase, valueLetters, count),
    ),
    ...exemplarColumns,
  ],
  orderBy: pointOrder,
  indexes: [],
};

export const histograms: StoredTable<HistogramRows> = {
  name: 'histograms',
  comment: 'One row per histogram data point',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    ...totalColumns,
    column(
      'bucket_counts',
      'Array(UInt64)',
      'Measurements in each bucket, one more than bounds',
      (out, { points, count }) => writeArray64(out, points.bucketCountsStart, points.bucketCounts, count),
    ),
    column('explicit_bounds', 'Array(Float64)', 'Upper bounds of the buckets', (out, { points, count }) =>
      writeArray64(out, points.explicitBoundsStart, points.explicitBounds, count),
    ),
    ...exemplarColumns,
  ],
  orderBy: pointOrder,
  indexes: [],
};

export const exponentialHistograms: StoredTable<ExponentialRows> = {
  name: 'exponential_histograms',
  comment: 'One row per exponential histogram data point',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    ...totalColumns,
    column('scale', 'Int32', 'Resolution: bucket i ends at 2^((i+1) * 2^-scale)', (out, { points, count }) =>
      writeNumbers(out, points.scale, count),
    ),
    column('zero_count', 'UInt64', 'Measurements within the zero threshold', (out, { points, count }) =>
      writeNumbers(out, points.zeroCount, 2 * count),
    ),
    column('zero_threshold', 'Float64', 'Half width of the zero bucket', (out, { points, count }) =>
      writeNumbers(out, points.zeroThreshold, 2 * count),
    ),
    column('positive_offset', 'Int32', 'Index of the first positive bucket', (out, { points, count }) =>
      writeNumbers(out, points.positiveOffset, count),
    ),
    column('positive_counts', 'Array(UInt64)', 'Measurements per positive bucket', (out, { points, count }) =>
      writeArray64(out, points.positiveBucketCountsStart, points.positiveBucketCounts, count),
    ),
    column('negative_offset', 'Int32', 'Index of the first negative bucket', (out, { points, count }) =>
      writeNumbers(out, points.negativeOffset, count),
    ),
    column('negative_counts', 'Array(UInt64)', 'Measurements per negative bucket', (out, { points, count }) =>
      writeArray64(out, points.negativeBucketCountsStart, points.negativeBucketCounts, count),
    ),
    ...exemplarColumns,
  ],
  orderBy: pointOrder,
  indexes: [],
};

export const summaries: StoredTable<PointRows<SummaryPointTable>> = {
  name: 'summaries',
  comment: 'One row per summary data point',
  engine: 'MergeTree',
  columns: [
    ...pointColumns,
    column(
      'count',
      'UInt64',
      'Number of measurements',
      (out, { points, count }) => writeNumbers(out, points.count, 2 * count),
      'Delta(8), ZSTD(1)',
    ),
    column('sum', 'Float64', 'Sum of the measurements', (out, { points, count }) =>
      writeNumbers(out, points.sum, 2 * count),
    ),
    column('quantiles', 'Array(Float64)', 'The quantiles, 0 to 1', (out, rows) =>
      writeQuantiles(out, rows, rows.columns.quantiles.quantile),
    ),
    column('quantile_values', 'Array(Float64)', 'Value at each quantile', (out, rows) =>
      writeQuantiles(out, rows, rows.columns.quantiles.value),
    ),
  ],
  orderBy: pointOrder,
  indexes: [],
};

function writeQuantiles(out: Bytes, rows: PointRows<SummaryPointTable>, numbers: Uint32Array): void {
  writeOffsets(out, rows.points.quantilesStart, rows.count);
  writeNumbers(out, numbers, 2 * rows.columns.quantiles.rows);
}
