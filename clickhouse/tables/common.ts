/** Columns that tables of several signals share: attributes, resource, scope. */
import type { Column } from './table.ts';

/**
 * Two columns for a list of attributes. Values are text: strings as they are, numbers and booleans in decimal, bytes in
 * base64, arrays and maps as JSON. The types column has one letter per entry, so that the OTLP value can be rebuilt.
 */
export function attributeColumns(name: string, types: string, of: string): Column[] {
  return [
    {
      name,
      type: 'Map(LowCardinality(String), String)',
      codec: 'ZSTD(1)',
      comment: `Attributes of the ${of}, values as text`,
    },
    {
      name: types,
      type: 'LowCardinality(String)',
      codec: 'ZSTD(1)',
      comment: `Type of each of the ${name}: s string, b bool, i int, d double, y bytes (base64), a array (JSON), m map (JSON), e empty`,
    },
  ];
}

export const resourceColumns: Column[] = [
  {
    name: 'service_name',
    type: 'LowCardinality(String)',
    codec: 'ZSTD(1)',
    comment: 'service.name of the resource',
  },
  ...attributeColumns('resource_attributes', 'resource_attribute_types', 'resource'),
  {
    name: 'resource_dropped_attributes_count',
    type: 'UInt32',
    codec: 'ZSTD(1)',
    comment: 'Resource attributes the SDK discarded',
  },
  {
    name: 'resource_schema_url',
    type: 'LowCardinality(String)',
    codec: 'ZSTD(1)',
    comment: 'Schema of the resource',
  },
];

export const scopeColumns: Column[] = [
  { name: 'scope_name', type: 'LowCardinality(String)', codec: 'ZSTD(1)', comment: 'Instrumentation library' },
  { name: 'scope_version', type: 'LowCardinality(String)', codec: 'ZSTD(1)', comment: 'Version of that library' },
  ...attributeColumns('scope_attributes', 'scope_attribute_types', 'instrumentation scope'),
  {
    name: 'scope_dropped_attributes_count',
    type: 'UInt32',
    codec: 'ZSTD(1)',
    comment: 'Scope attributes the SDK discarded',
  },
  {
    name: 'scope_schema_url',
    type: 'LowCardinality(String)',
    codec: 'ZSTD(1)',
    comment: 'Schema of the scope and its items',
  },
];

/** SQL: an id as lower-case hex, or '' when it is all zeros (that is: none). Skip indexes use the same expression. */
export function hexOrEmpty(column: string): string {
  return `if(empty(${column}), '', lower(hex(${column})))`;
}

/** SQL: every id of an array as {@link hexOrEmpty}. */
export function hexArray(column: string): string {
  return `arrayMap(id -> ${hexOrEmpty('id')}, ${column})`;
}

/** SQL: the name of a number, '' for a number without one. */
export function nameOf(column: string, names: readonly string[]): string {
  const numbers = names.map((_, number) => number).join(', ');
  const texts = names.map((name) => `'${name}'`).join(', ');
  return `CAST(transform(${column}, [${numbers}], [${texts}], ''), 'LowCardinality(String)')`;
}
