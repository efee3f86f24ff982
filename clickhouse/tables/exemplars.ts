/** Exemplars of data points as parallel arrays. */
import { writeMapArray, writeTypes } from '../native/attributes.ts';
import { writeLetterCodes } from '../native/letters.ts';
import { writeIds, writeNumbers, writeOffsets } from '../native/numbers.ts';
import { writeLowCardinalityPrefix } from '../native/strings.ts';
import type { PointRowsWithExemplars } from './metric-rows.ts';
import { valueLetters, writeDoubles, writeIntegers } from './metric-values.ts';
import { type Column, column } from './table.ts';

export const exemplarColumns: Column<PointRowsWithExemplars>[] = [
  column(
    'exemplars_time',
    'Array(DateTime64(9))',
    'When each exemplar was measured, UTC',
    (out, { exemplars: { start, table }, count }) => {
      writeOffsets(out, start, count);
      writeNumbers(out, table.timeUnixNano, 2 * table.rows);
    },
  ),
  column(
    'exemplars_value',
    'Array(Float64)',
    'Value of each exemplar; integers as the nearest double',
    (out, { exemplars: { start, table }, count }) => {
      writeOffsets(out, start, count);
      writeDoubles(out, table.valueCase, table.value, table.rows);
    },
  ),
  column(
    'exemplars_value_int',
    'Array(Int64)',
    'Exact value of each integer exemplar, else 0',
    (out, { exemplars: { start, table }, count }) => {
      writeOffsets(out, start, count);
      writeIntegers(out, table.valueCase, table.value, table.rows);
    },
  ),
  column(
    'exemplars_value_type',
    'Array(LowCardinality(String))',
    'Type of each value: d double, i int, e none',
    (out, { exemplars: { start, table }, count }) => {
      writeLowCardinalityPrefix(out);
      writeOffsets(out, start, count);
      writeLetterCodes(out, table.valueCase, valueLetters, table.rows);
    },
  ),
  column(
    'exemplars_trace_id',
    'Array(FixedString(16))',
    'Trace of each measurement',
    (out, { columns, exemplars: { start, table }, count }) => {
      writeOffsets(out, start, count);
      writeIds(out, columns.arena, table.traceId, table.rows, 16);
    },
  ),
  column(
    'exemplars_span_id',
    'Array(FixedString(8))',
    'Span of each measurement',
    (out, { columns, exemplars: { start, table }, count }) => {
      writeOffsets(out, start, count);
      writeIds(out, columns.arena, table.spanId, table.rows, 8);
    },
  ),
  column(
    'exemplars_attributes',
    'Array(Map(LowCardinality(String), String))',
    'Attributes of each exemplar that the series leaves out, values as text',
    (out, { columns, exemplars: { start, table, attributes }, count }) =>
      writeMapArray(out, columns.arena, attributes, start, table.filteredAttributesStart, count),
  ),
  column(
    'exemplars_attribute_types',
    'Array(LowCardinality(String))',
    "Types of each exemplar's attributes, as attribute_types",
    (out, { exemplars: { start, table, attributes }, count }) => {
      writeLowCardinalityPrefix(out);
      writeOffsets(out, start, count);
      writeTypes(out, attributes, table.filteredAttributesStart, table.rows);
    },
  ),
];
