/** The stored table of `deepflow.flow` records: a column for each attribute of `pdata/schema/flow-log.ts`. */
import { AttributeFinder } from '../../pdata/otlp/attribute-finder.ts';
import { AttributeTable, valueTypes } from '../../pdata/otlp/attributes.ts';
import type { LogColumns } from '../../pdata/otlp/logs.gen.ts';
import { cursor, readVarint } from '../../pdata/otlp/wire-format.ts';
import { type FlowAttribute, flowAttributes } from '../../pdata/schema/flow-log.ts';
import type { Bytes } from '../native/bytes.ts';
import { writeNumbers, writeOffsets } from '../native/numbers.ts';
import { writeLowCardinality, writeLowCardinalityPrefix, writeStrings } from '../native/strings.ts';
import { attributeColumns, receivedDate, resourceColumns } from './common.ts';
import { type LogRows, logRows } from './logs.ts';
import { type Column, column, type StoredTable } from './table.ts';

const width = flowAttributes.length;

/** Log records with what each column takes its value from. */
export interface FlowRows extends LogRows {
  /** `row * width + attribute`: row in the table of attributes + 1; 0 missing. */
  at: Uint32Array;
  /** Attributes that have no column. */
  others: AttributeTable;
  othersStart: Uint32Array;
}

const finder = new AttributeFinder(flowAttributes.map(({ key }) => key));

export function flowRows(columns: LogColumns, receivedDay: number): FlowRows {
  const rows = logRows(columns, receivedDay);
  const { arena, logRecordAttributes: table } = columns;
  const { attributesStart } = columns.logRecords;
  const at = new Uint32Array(rows.count * width);
  const others = new AttributeTable(16);
  const othersStart = new Uint32Array(rows.count + 1);
  for (let row = 0; row < rows.count; row++) {
    const from = attributesStart[row]!;
    const to = attributesStart[row + 1]!;
    const found = finder.find(arena, table, from, to);
    at.set(finder.rowOf, row * width);
    if (found < to - from) addOthers(table, from, to, others);
    othersStart[row + 1] = others.rows;
  }
  return { ...rows, at, others, othersStart };
}

/** Copies the attributes that the finder has not taken. */
function addOthers(table: AttributeTable, from: number, to: number, others: AttributeTable): void {
  for (let i = from; i < to; i++) {
    if (finder.rowOf.includes(i + 1)) continue;
    const row = others.add();
    others.type[row] = table.type[i]!;
    for (const word of [0, 1]) {
      others.key[2 * row + word] = table.key[2 * i + word]!;
      others.value[2 * row + word] = table.value[2 * i + word]!;
    }
  }
}

/** `deepflow.flow.client.packets` → `client_packets`, `server.port` → `server_port`. */
export function flowColumnName(key: string): string {
  if (key === 'deepflow.flow.id') return 'flow_id';
  return key.replace(/^deepflow\.(flow\.)?/, '').replaceAll('.', '_');
}

export const flowLog: StoredTable<FlowRows> = {
  name: 'flow_log',
  comment: 'One row per connection and minute, and one at its end: sums over the rows of a flow_id are the flow',
  engine: 'MergeTree',
  columns: [
    receivedDate,
    column(
      'time',
      'DateTime64(9)',
      'End of the interval, UTC',
      (out, { time, count }) => writeNumbers(out, time, 2 * count),
      'Delta(8), ZSTD(1)',
    ),
    ...flowAttributes.map(flowColumn),
    ...resourceColumns,
    ...attributeColumns('attributes', 'attribute_types', 'record that have no column', (rows: FlowRows) => ({
      arena: rows.columns.arena,
      table: rows.others,
      start: rows.othersStart,
    })),
  ],
  orderBy: ['toStartOfFiveMinutes(time)', 'server_address', 'server_port', 'client_address', 'time'],
  indexes: ['idx_flow_id flow_id TYPE bloom_filter(0.01) GRANULARITY 1'],
};

/** The columns of some of the attributes, for a migration that adds them. */
export function flowColumns(attributes: readonly FlowAttribute[]): Column<FlowRows>[] {
  return attributes.map((attribute) => flowColumn(attribute, flowAttributes.indexOf(attribute)));
}

function flowColumn(attribute: FlowAttribute, number: number): Column<FlowRows> {
  const name = flowColumnName(attribute.key);
  const comment = attribute.unit === '' ? attribute.meaning : `${attribute.meaning} Unit ${attribute.unit}.`;
  switch (attribute.type) {
    case 'string':
      if (name === 'flow_id') {
        return column(name, 'String', comment, (out, rows) =>
          writeStrings(out, rows.columns.arena, pairs(rows, number, valueTypes.string), rows.count),
        );
      }
      return column(name, 'LowCardinality(String)', comment, (out, rows) => {
        writeLowCardinalityPrefix(out);
        writeLowCardinality(out, rows.columns.arena, pairs(rows, number, valueTypes.string), rows.count);
      });
    case 'int': {
      const type = /_time$/.test(name) ? 'DateTime64(9)' : 'Int64';
      return column(name, type, comment, (out, rows) =>
        writeNumbers(out, pairs(rows, number, valueTypes.int), 2 * rows.count),
      );
    }
    case 'bool':
      return column(name, 'Bool', comment, (out, rows) => {
        const values = pairs(rows, number, valueTypes.bool);
        for (let row = 0; row < rows.count; row++) out.byte(values[2 * row]!);
      });
    case 'ints':
      return column(name, 'Array(Int64)', comment, (out, rows) => writeIntegerLists(out, rows, number));
    case 'strings':
      return column(name, 'Array(String)', comment, (out, rows) => writeStringLists(out, rows, number));
    default:
      return attribute.type satisfies never;
  }
}

/** The two words of each row's value; zeros where it is missing or of another type. */
function pairs({ at, count, columns }: FlowRows, number: number, type: number): Uint32Array {
  const { logRecordAttributes: table } = columns;
  const words = new Uint32Array(2 * count);
  for (let row = 0; row < count; row++) {
    const found = at[row * width + number]! - 1;
    if (found < 0 || table.type[found] !== type) continue;
    words[2 * row] = table.value[2 * found]!;
    words[2 * row + 1] = table.value[2 * found + 1]!;
  }
  return words;
}

/** ArrayValue: values = 1, each an AnyValue with string_value = 1; anything else in it is empty. */
function writeStringLists(out: Bytes, rows: FlowRows, number: number): void {
  const { arena } = rows.columns;
  const lists = pairs(rows, number, valueTypes.array);
  const start = new Uint32Array(rows.count + 1);
  const slices: number[] = [];
  for (let row = 0; row < rows.count; row++) {
    const end = lists[2 * row]! + lists[2 * row + 1]!;
    for (let p = lists[2 * row]!; p < end && arena[p] === 0x0a; ) {
      const length = readVarint(arena, p + 1);
      const value = cursor.at;
      p = value + length;
      if (length > 1 && arena[value] === 0x0a) {
        const size = readVarint(arena, value + 1);
        slices.push(cursor.at, size);
      } else slices.push(0, 0);
    }
    start[row + 1] = slices.length / 2;
  }
  writeOffsets(out, start, rows.count);
  writeStrings(out, arena, Uint32Array.from(slices), slices.length / 2);
}

/** ArrayValue: values = 1, each an AnyValue with int_value = 3; anything else in it is 0. */
function writeIntegerLists(out: Bytes, rows: FlowRows, number: number): void {
  const { arena } = rows.columns;
  const lists = pairs(rows, number, valueTypes.array);
  const start = new Uint32Array(rows.count + 1);
  const words: number[] = [];
  for (let row = 0; row < rows.count; row++) {
    const end = lists[2 * row]! + lists[2 * row + 1]!;
    for (let p = lists[2 * row]!; p < end && arena[p] === 0x0a; ) {
      const length = readVarint(arena, p + 1);
      const value = cursor.at;
      p = value + length;
      if (length > 1 && arena[value] === 0x18) words.push(readVarint(arena, value + 1), cursor.hi);
      else words.push(0, 0);
    }
    start[row + 1] = words.length / 2;
  }
  writeOffsets(out, start, rows.count);
  writeNumbers(out, Uint32Array.from(words), words.length);
}
