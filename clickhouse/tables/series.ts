/** The stored table of metric series: what is measured, by whom. */
import type { MetricColumns, MetricTable } from '../../pdata/otlp/metrics.gen.ts';
import { writeBytesOf, writeNumbers, writeNumbersOf } from '../native/numbers.ts';
import { writeStringsOf } from '../native/strings.ts';
import { attributeColumns, inheritedString, receivedDate, resourceColumns, scopeColumns } from './common.ts';
import type { SeriesRows } from './metric-rows.ts';
import { type Column, column, type StoredTable } from './table.ts';

export const metricTypes = ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'] as const;
export type MetricType = (typeof metricTypes)[number];

export const metricTypeEnum = `Enum8(${metricTypes.map((type, index) => `'${type}' = ${index + 1}`).join(', ')})`;

/** Field numbers of Metric.data, in the order of {@link metricTypes}. */
const dataCases = [5, 7, 9, 10, 11];

/** Per metric the number of its kind in the Enum8. */
export function metricTypeNumbers(metrics: MetricTable): Uint8Array {
  const numbers = new Uint8Array(metrics.rows);
  for (let row = 0; row < metrics.rows; row++) numbers[row] = dataCases.indexOf(metrics.dataCase[row]!) + 1;
  return numbers;
}

/** The name of the metric that `parent` names. */
export function metricName<R extends { count: number; columns: MetricColumns }>(
  parent: (rows: R) => Uint32Array,
): Column<R> {
  return inheritedString('metric_name', 'Name of the metric', (rows) => [rows.columns.metrics.name, parent(rows)]);
}

/** One row per series and day: announced again on each day on which it has data points, so that one TTL fits all. */
export const series: StoredTable<SeriesRows> = {
  name: 'series',
  comment: 'What is measured: a metric with its attributes, scope and resource',
  engine: 'ReplacingMergeTree',
  columns: [
    receivedDate,
    column(
      'id',
      'UInt64',
      'Hash of resource, scope, metric and attributes; the order of attributes does not matter',
      (out, { id, count }) => writeNumbers(out, id, 2 * count),
    ),
    metricName((rows) => rows.metricOf),
    column('type', metricTypeEnum, 'Kind of the metric', (out, { columns: { metrics }, metricOf, count }) =>
      writeBytesOf(out, metricTypeNumbers(metrics), metricOf, count),
    ),
    inheritedString('unit', 'UCUM unit', (rows) => [rows.columns.metrics.unit, rows.metricOf]),
    column('description', 'String', 'Text for people', (out, { columns: { arena, metrics }, metricOf, count }) =>
      writeStringsOf(out, arena, metrics.description, metricOf, count),
    ),
    column(
      'temporality',
      'Int32',
      '0 unspecified, 1 delta, 2 cumulative',
      (out, { columns: { metrics }, metricOf, count }) =>
        writeNumbersOf(out, metrics.aggregationTemporality, metricOf, count),
    ),
    column('is_monotonic', 'Bool', 'The sum never falls', (out, { columns: { metrics }, metricOf, count }) =>
      writeBytesOf(out, metrics.isMonotonic, metricOf, count),
    ),
    ...resourceColumns,
    ...scopeColumns,
    ...attributeColumns('attributes', 'attribute_types', 'series', (rows: SeriesRows) => ({
      arena: rows.columns.arena,
      table: rows.attributes,
      start: rows.attributesStart,
      parent: rows.pointOf,
    })),
    ...attributeColumns('metadata', 'metadata_types', 'metric itself', (rows: SeriesRows) => ({
      arena: rows.columns.arena,
      table: rows.columns.metricMetadata,
      start: rows.columns.metrics.metadataStart,
      parent: rows.metricOf,
    })),
  ],
  orderBy: ['metric_name', 'id'],
  indexes: [],
};
