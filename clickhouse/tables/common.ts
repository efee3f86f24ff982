/** Columns that tables of several signals share: day, attributes, resource, scope. */
import type { AttributeTable } from '../../pdata/otlp/attributes.ts';
import { writeMap, writeMapOf, writeTypes, writeTypesOf } from '../native/attributes.ts';
import type { Bytes } from '../native/bytes.ts';
import { writeNumbersOf, writeUint16 } from '../native/numbers.ts';
import { writeLowCardinalityOf, writeLowCardinalityPrefix } from '../native/strings.ts';
import type { Rows } from './rows.ts';
import { type Column, column } from './table.ts';

/** Every table has the day it was received as partition, so one insert is always one block in one partition. */
export const receivedDate: Column<{ count: number; receivedDay: number }> = column(
  'received_date',
  'Date',
  'UTC day on which the collector received the row; the partition, and what the TTL counts from',
  (out, rows) => writeUint16(out, rows.receivedDay, rows.count),
);

const mapType = 'Map(LowCardinality(String), String)';
const letters = 's string, b bool, i int, d double, y bytes (base64), a array (JSON), m map (JSON), e empty';

/** Where the attributes of a row come from: the row's own, or those of the parent that `parent` names. */
export interface AttributeSource {
  arena: Uint8Array;
  table: AttributeTable;
  start: Uint32Array;
  parent?: Uint32Array;
}

/**
 * Two columns for a list of attributes. Values are text: strings as they are, numbers and booleans in decimal, bytes in
 * base64, arrays and maps as JSON. The types column has one letter per entry, so that the OTLP value can be rebuilt.
 */
export function attributeColumns<R extends { count: number }>(
  name: string,
  types: string,
  of: string,
  source: (rows: R) => AttributeSource,
): Column<R>[] {
  return [
    column(name, mapType, `Attributes of the ${of}, values as text`, (out, rows) => {
      const { arena, table, start, parent } = source(rows);
      if (parent) writeMapOf(out, arena, table, start, parent, rows.count);
      else writeMap(out, arena, table, start, rows.count);
    }),
    column(types, 'LowCardinality(String)', `Type of each of the ${name}: ${letters}`, (out, rows) => {
      const { table, start, parent } = source(rows);
      writeLowCardinalityPrefix(out);
      if (parent) writeTypesOf(out, table, start, parent, rows.count);
      else writeTypes(out, table, start, rows.count);
    }),
  ];
}

/** A LowCardinality(String) column whose rows take their string from a parent. */
export function inheritedString<R extends { count: number; columns: { arena: Uint8Array } }>(
  name: string,
  comment: string,
  source: (rows: R) => [strings: Uint32Array, parent: Uint32Array],
): Column<R> {
  return column(name, 'LowCardinality(String)', comment, (out: Bytes, rows: R) => {
    const [strings, parent] = source(rows);
    writeLowCardinalityPrefix(out);
    writeLowCardinalityOf(out, rows.columns.arena, strings, parent, rows.count);
  });
}

export const resourceColumns: Column<Rows>[] = [
  inheritedString('service_name', 'service.name of the resource', (rows) => [rows.serviceName, rows.resourceOf]),
  ...attributeColumns('resource_attributes', 'resource_attribute_types', 'resource', (rows: Rows) => ({
    arena: rows.columns.arena,
    table: rows.columns.resourceAttributes,
    start: rows.columns.resources.attributesStart,
    parent: rows.resourceOf,
  })),
  column('resource_dropped_attributes_count', 'UInt32', 'Resource attributes the SDK discarded', (out, rows) =>
    writeNumbersOf(out, rows.columns.resources.droppedAttributesCount, rows.resourceOf, rows.count),
  ),
  inheritedString('resource_schema_url', 'Schema of the resource', (rows) => [
    rows.columns.resources.schemaUrl,
    rows.resourceOf,
  ]),
];

export const scopeColumns: Column<Rows>[] = [
  inheritedString('scope_name', 'Instrumentation library', (rows) => [rows.columns.scopes.name, rows.scopeOf]),
  inheritedString('scope_version', 'Version of that library', (rows) => [rows.columns.scopes.version, rows.scopeOf]),
  ...attributeColumns('scope_attributes', 'scope_attribute_types', 'instrumentation scope', (rows: Rows) => ({
    arena: rows.columns.arena,
    table: rows.columns.scopeAttributes,
    start: rows.columns.scopes.attributesStart,
    parent: rows.scopeOf,
  })),
  column('scope_dropped_attributes_count', 'UInt32', 'Scope attributes the SDK discarded', (out, rows) =>
    writeNumbersOf(out, rows.columns.scopes.droppedAttributesCount, rows.scopeOf, rows.count),
  ),
  inheritedString('scope_schema_url', 'Schema of the scope and its items', (rows) => [
    rows.columns.scopes.schemaUrl,
    rows.scopeOf,
  ]),
];
