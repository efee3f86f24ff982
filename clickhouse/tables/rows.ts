/** What one block of a table is made from: the columns of a batch, and who produced each row. */
import type { AttributeTable } from '../../pdata/otlp/attributes.ts';
import { valueTypes } from '../../pdata/otlp/attributes.ts';

/** The part of the column classes that all signals share. Strings are offset and length pairs in the arena. */
export interface SignalColumns {
  arena: Uint8Array;
  readonly resources: {
    rows: number;
    droppedAttributesCount: Uint32Array;
    schemaUrl: Uint32Array;
    attributesStart: Uint32Array;
  };
  readonly resourceAttributes: AttributeTable;
  readonly scopes: {
    resource: Uint32Array;
    name: Uint32Array;
    version: Uint32Array;
    droppedAttributesCount: Uint32Array;
    schemaUrl: Uint32Array;
    attributesStart: Uint32Array;
  };
  readonly scopeAttributes: AttributeTable;
}

/** Rows of one block. */
export interface Rows<Columns extends SignalColumns = SignalColumns> {
  count: number;
  /** The day of the partition, in days since 1970-01-01 UTC. */
  receivedDay: number;
  columns: Columns;
  /** Per row: its scope, and its resource. */
  scopeOf: Uint32Array;
  resourceOf: Uint32Array;
  /** Per resource: the string service.name. */
  serviceName: Uint32Array;
}

export function createRows<Columns extends SignalColumns>(
  columns: Columns,
  scopeOf: Uint32Array,
  count: number,
  receivedDay: number,
): Rows<Columns> {
  const resourceOf = new Uint32Array(count);
  for (let row = 0; row < count; row++) resourceOf[row] = columns.scopes.resource[scopeOf[row]!]!;
  return { count, receivedDay, columns, scopeOf, resourceOf, serviceName: serviceNames(columns) };
}

const serviceNameKey = Buffer.from('service.name');

function serviceNames({ arena, resources, resourceAttributes: table }: SignalColumns): Uint32Array {
  const names = new Uint32Array(2 * resources.rows);
  for (let row = 0; row < resources.rows; row++) {
    for (let i = resources.attributesStart[row]!; i < resources.attributesStart[row + 1]!; i++) {
      if (table.type[i] === valueTypes.string && isServiceName(arena, table.key[2 * i]!, table.key[2 * i + 1]!)) {
        names[2 * row] = table.value[2 * i]!;
        names[2 * row + 1] = table.value[2 * i + 1]!;
        break;
      }
    }
  }
  return names;
}

function isServiceName(arena: Uint8Array, offset: number, length: number): boolean {
  if (length !== serviceNameKey.length) return false;
  for (let i = 0; i < length; i++) if (arena[offset + i] !== serviceNameKey[i]) return false;
  return true;
}
