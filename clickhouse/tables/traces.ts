/** The stored tables of traces: `spans`, and the time range of each trace. */
import type { AttributeTable } from '../../pdata/otlp/attributes.ts';
import type { TraceColumns } from '../../pdata/otlp/traces.gen.ts';
import { writeMapArray, writeTypes } from '../native/attributes.ts';
import { writeDifferences, writeIds, writeNumbers, writeOffsets } from '../native/numbers.ts';
import { writeLowCardinality, writeLowCardinalityPrefix, writeStrings } from '../native/strings.ts';
import { attributeColumns, receivedDate, resourceColumns, scopeColumns } from './common.ts';
import { createRows, type Rows } from './rows.ts';
import { hexOrEmpty } from './sql.ts';
import { type Column, column, type StoredTable, type Table } from './table.ts';

export type SpanRows = Rows<TraceColumns>;

export function spanRows(columns: TraceColumns, receivedDay: number): SpanRows {
  return createRows(columns, columns.spans.scope, columns.spans.rows, receivedDay);
}

export const spans: StoredTable<SpanRows> = {
  name: 'spans',
  comment: 'One row per span',
  engine: 'MergeTree',
  columns: [
    receivedDate,
    column(
      'start_time',
      'DateTime64(9)',
      'Start of the operation, UTC',
      (out, { columns: { spans }, count }) => writeNumbers(out, spans.startTimeUnixNano, 2 * count),
      'Delta(8), ZSTD(1)',
    ),
    column(
      'duration_ns',
      'Int64',
      'End minus start, ns; start_time + duration_ns is the exact end',
      (out, { columns: { spans }, count }) =>
        writeDifferences(out, spans.startTimeUnixNano, spans.endTimeUnixNano, count),
    ),
    column(
      'trace_id',
      'FixedString(16)',
      'Trace id, binary; zeros when missing',
      (out, { columns: { arena, spans }, count }) => writeIds(out, arena, spans.traceId, count, 16),
    ),
    column(
      'span_id',
      'FixedString(8)',
      'Span id, binary; zeros when missing',
      (out, { columns: { arena, spans }, count }) => writeIds(out, arena, spans.spanId, count, 8),
    ),
    column(
      'parent_span_id',
      'FixedString(8)',
      'Parent span id, binary; zeros for a root',
      (out, { columns: { arena, spans }, count }) => writeIds(out, arena, spans.parentSpanId, count, 8),
    ),
    column('trace_state', 'String', 'W3C tracestate', (out, { columns: { arena, spans }, count }) =>
      writeStrings(out, arena, spans.traceState, count),
    ),
    column(
      'flags',
      'UInt32',
      'Bits 0-7 W3C trace flags, 8 has_is_remote, 9 is_remote',
      (out, { columns: { spans }, count }) => writeNumbers(out, spans.flags, count),
    ),
    column('name', 'LowCardinality(String)', 'Operation name', (out, { columns: { arena, spans }, count }) => {
      writeLowCardinalityPrefix(out);
      writeLowCardinality(out, arena, spans.name, count);
    }),
    column(
      'kind',
      'Int32',
      '0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer',
      (out, { columns: { spans }, count }) => writeNumbers(out, spans.kind, count),
    ),
    ...resourceColumns,
    ...scopeColumns,
    ...attributeColumns('attributes', 'attribute_types', 'span', ({ columns }: SpanRows) => ({
      arena: columns.arena,
      table: columns.spanAttributes,
      start: columns.spans.attributesStart,
    })),
    column('dropped_attributes_count', 'UInt32', 'Attributes the SDK discarded', (out, { columns: { spans }, count }) =>
      writeNumbers(out, spans.droppedAttributesCount, count),
    ),
    column('dropped_events_count', 'UInt32', 'Events the SDK discarded', (out, { columns: { spans }, count }) =>
      writeNumbers(out, spans.droppedEventsCount, count),
    ),
    column('dropped_links_count', 'UInt32', 'Links the SDK discarded', (out, { columns: { spans }, count }) =>
      writeNumbers(out, spans.droppedLinksCount, count),
    ),
    column('status_code', 'Int32', '0 unset, 1 ok, 2 error', (out, { columns: { spans }, count }) =>
      writeNumbers(out, spans.statusCode, count),
    ),
    column('status_message', 'String', 'Text of the status', (out, { columns: { arena, spans }, count }) =>
      writeStrings(out, arena, spans.statusMessage, count),
    ),
    column(
      'events_time',
      'Array(DateTime64(9))',
      'When each event happened, UTC',
      (out, { columns: { spans, events }, count }) => {
        writeOffsets(out, spans.eventsStart, count);
        writeNumbers(out, events.timeUnixNano, 2 * events.rows);
      },
    ),
    column(
      'events_name',
      'Array(LowCardinality(String))',
      'Name of each event',
      (out, { columns: { arena, spans, events }, count }) => {
        writeLowCardinalityPrefix(out);
        writeOffsets(out, spans.eventsStart, count);
        writeLowCardinality(out, arena, events.name, events.rows);
      },
    ),
    ...childColumns('events', 'event', (columns) => [
      columns.spans.eventsStart,
      columns.events,
      columns.eventAttributes,
    ]),
    column(
      'links_trace_id',
      'Array(FixedString(16))',
      'Trace of each linked span',
      (out, { columns: { arena, spans, links }, count }) => {
        writeOffsets(out, spans.linksStart, count);
        writeIds(out, arena, links.traceId, links.rows, 16);
      },
    ),
    column(
      'links_span_id',
      'Array(FixedString(8))',
      'Each linked span',
      (out, { columns: { arena, spans, links }, count }) => {
        writeOffsets(out, spans.linksStart, count);
        writeIds(out, arena, links.spanId, links.rows, 8);
      },
    ),
    column(
      'links_trace_state',
      'Array(String)',
      'W3C tracestate of each link',
      (out, { columns: { arena, spans, links }, count }) => {
        writeOffsets(out, spans.linksStart, count);
        writeStrings(out, arena, links.traceState, links.rows);
      },
    ),
    column(
      'links_flags',
      'Array(UInt32)',
      'Flags of each link, as `flags`',
      (out, { columns: { spans, links }, count }) => {
        writeOffsets(out, spans.linksStart, count);
        writeNumbers(out, links.flags, links.rows);
      },
    ),
    ...childColumns('links', 'link', (columns) => [columns.spans.linksStart, columns.links, columns.linkAttributes]),
  ],
  computed: [
    {
      name: 'observation_point',
      type: "LowCardinality(String) DEFAULT attributes['deepflow.observation_point']",
      codec: 'ZSTD(1)',
      comment: "Where on the way a call was seen on the wire: c, s, local, rest …; '' for spans of an SDK",
    },
  ],
  orderBy: ['toStartOfFiveMinutes(start_time)', 'service_name', 'name', 'start_time'],
  indexes: [
    `idx_trace_id ${hexOrEmpty('trace_id')} TYPE bloom_filter(0.001) GRANULARITY 1`,
    'idx_duration duration_ns TYPE minmax GRANULARITY 1',
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

interface ChildTable {
  rows: number;
  attributesStart: Uint32Array;
  droppedAttributesCount: Uint32Array;
}

/** What events and links have alike: attributes, their types, and the count of dropped ones, as parallel arrays. */
function childColumns(
  name: 'events' | 'links',
  of: string,
  source: (columns: TraceColumns) => [start: Uint32Array, children: ChildTable, attributes: AttributeTable],
): Column<SpanRows>[] {
  return [
    column(
      `${name}_attributes`,
      'Array(Map(LowCardinality(String), String))',
      `Attributes of each ${of}, values as text`,
      (out, { columns, count }) => {
        const [start, children, attributes] = source(columns);
        writeMapArray(out, columns.arena, attributes, start, children.attributesStart, count);
      },
    ),
    column(
      `${name}_attribute_types`,
      'Array(LowCardinality(String))',
      `Types of each ${of}'s attributes, as attribute_types`,
      (out, { columns, count }) => {
        const [start, children, attributes] = source(columns);
        writeLowCardinalityPrefix(out);
        writeOffsets(out, start, count);
        writeTypes(out, attributes, children.attributesStart, children.rows);
      },
    ),
    column(
      `${name}_dropped_attributes_count`,
      'Array(UInt32)',
      `Attributes of each ${of} the SDK discarded`,
      (out, { columns, count }) => {
        const [start, children] = source(columns);
        writeOffsets(out, start, count);
        writeNumbers(out, children.droppedAttributesCount, children.rows);
      },
    ),
  ];
}
