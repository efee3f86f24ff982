/** Works out, from the message table, which tables of columns each signal has and which field lands in which column. */
import { messages } from './otlp.ts';

/** A parsed field of the message table. */
export interface Field {
  number: number;
  name: string;
  /** Scalar type or message name. */
  type: string;
  isMessage: boolean;
  repeated: boolean;
  optional: boolean;
  oneof: string | null;
  meaning: string;
}

/** How values are kept: one number a row, two words a row (64-bit numbers, slices), or one byte a row. */
export type Width = 'int' | 'uint' | 'byte' | 'pair';

export interface Column {
  name: string;
  width: Width;
  meaning: string;
}

/** A repeated scalar: `<name>Start[row]` to `<name>Start[row + 1]` are its elements in `<name>`. */
export interface ListColumn {
  name: string;
  width: 'int' | 'pair';
  meaning: string;
}

/** A repeated message: `<name>Start[row]` to `<name>Start[row + 1]` are its rows in table `table`. */
export interface ChildColumn {
  name: string;
  table: string;
  meaning: string;
}

export interface Table {
  name: string;
  className: string;
  message: string;
  meaning: string;
  /** Column that holds the parent's row, or null for the root and for attributes. */
  parent: { column: string; table: string } | null;
  columns: Column[];
  lists: ListColumn[];
  children: ChildColumn[];
}

/** Message → table name; where one message serves several parents, `Parent.Message` is looked up first. */
const tableNames: Record<string, string> = {
  ResourceSpans: 'resources',
  ResourceLogs: 'resources',
  ResourceMetrics: 'resources',
  ResourceProfiles: 'resources',
  ScopeSpans: 'scopes',
  ScopeLogs: 'scopes',
  ScopeMetrics: 'scopes',
  ScopeProfiles: 'scopes',
  EntityRef: 'entityRefs',
  Span: 'spans',
  SpanEvent: 'events',
  SpanLink: 'links',
  LogRecord: 'logRecords',
  Metric: 'metrics',
  NumberDataPoint: 'numberPoints',
  HistogramDataPoint: 'histogramPoints',
  ExponentialHistogramDataPoint: 'exponentialPoints',
  SummaryDataPoint: 'summaryPoints',
  'numberPoints.Exemplar': 'numberExemplars',
  'histogramPoints.Exemplar': 'histogramExemplars',
  'exponentialPoints.Exemplar': 'exponentialExemplars',
  ValueAtQuantile: 'quantiles',
  Profile: 'profiles',
  Sample: 'samples',
  Mapping: 'mappings',
  Location: 'locations',
  Line: 'lines',
  Function: 'functions',
  ProfileLink: 'links',
  KeyValueAndUnit: 'dictionaryAttributes',
  Stack: 'stacks',
};

/** Singular messages whose columns need no prefix, because their names do not collide in the table they land in. */
const unprefixed = new Set([
  'Resource',
  'InstrumentationScope',
  'Gauge',
  'Sum',
  'Histogram',
  'ExponentialHistogram',
  'Summary',
  'ProfilesDictionary',
]);

export function fieldsOf(message: string): Field[] {
  return messages[message]!.fields.map(([number, name, spec, meaning]) => {
    const [, base, repeated, optional, oneof] = /^(\w+)(\*)?(\?)?(?:\|(\w+))?$/.exec(spec)!;
    return {
      number,
      name,
      type: base!,
      isMessage: base! in messages,
      repeated: repeated !== undefined,
      optional: optional !== undefined,
      oneof: oneof ?? null,
      meaning,
    };
  });
}

export function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function columnName(prefix: string, field: Field): string {
  const name = camel(field.name);
  return prefix === '' ? name : prefix + name[0]!.toUpperCase() + name.slice(1);
}

/** The prefix of the columns of a singular message field. */
export function prefixOf(prefix: string, field: Field): string {
  return unprefixed.has(field.type) ? prefix : columnName(prefix, field);
}

export function widthOf(type: string): Width {
  switch (type) {
    case 'bool':
      return 'byte';
    case 'enum':
    case 'int32':
    case 'sint32':
      return 'int';
    case 'uint32':
    case 'fixed32':
      return 'uint';
    default:
      return 'pair';
  }
}

export function tableNameOf(parentTable: string, message: string): string {
  return tableNames[`${parentTable}.${message}`] ?? tableNames[message]!;
}

export function attributeTableName(table: string, field: string): string {
  return `${table.replace(/s$/, '')}${field[0]!.toUpperCase()}${field.slice(1)}`;
}

/** All tables of a signal in order of discovery, the root first. */
export function layoutOf(request: string): Table[] {
  const root: Table = table('root', 'Root', request, null);
  const tables = [root];
  walk(root, request, '', tables);
  return tables;
}

function table(name: string, className: string, message: string, parent: Table['parent']): Table {
  return {
    name,
    className,
    message,
    meaning: messages[message]!.meaning,
    parent,
    columns: [],
    lists: [],
    children: [],
  };
}

function walk(into: Table, message: string, prefix: string, tables: Table[]): void {
  for (const field of fieldsOf(message)) {
    const name = columnName(prefix, field);
    if (field.type === 'KeyValue' && field.repeated) {
      into.children.push({ name, table: attributeTableName(into.name, name), meaning: field.meaning });
    } else if (field.type === 'AnyValue') {
      into.columns.push({ name: `${name}Type`, width: 'byte', meaning: `${field.meaning} Variant, see valueTypes.` });
      into.columns.push({ name, width: 'pair', meaning: `${field.meaning} As AttributeTable.value.` });
    } else if (field.isMessage && field.repeated) {
      const childName = tableNameOf(into.name, field.type);
      if (!into.children.some((child) => child.table === childName)) {
        into.children.push({ name: childName, table: childName, meaning: field.meaning });
        const column = into.name.replace(/s$/, '');
        const child = table(
          childName,
          `${childName[0]!.toUpperCase()}${childName.slice(1).replace(/s$/, '')}Table`,
          field.type,
          into.name === 'root' ? null : { column, table: into.name },
        );
        tables.push(child);
        walk(child, field.type, '', tables);
      }
    } else if (field.isMessage) {
      if (field.oneof === null) {
        into.columns.push({ name: `${name}Set`, width: 'byte', meaning: `1 when the message ${field.name} is there.` });
      } else addCase(into, field.oneof);
      walk(into, field.type, prefixOf(prefix, field), tables);
    } else if (field.repeated) {
      into.lists.push({ name, width: widthOf(field.type) === 'pair' ? 'pair' : 'int', meaning: field.meaning });
    } else if (field.oneof !== null) {
      addCase(into, field.oneof);
      if (!into.columns.some((column) => column.name === field.oneof)) {
        into.columns.push({
          name: field.oneof,
          width: 'pair',
          meaning: 'The value: low and high word of its 64 bits.',
        });
      }
    } else if (!into.columns.some((column) => column.name === name)) {
      into.columns.push({ name, width: widthOf(field.type), meaning: describe(field) });
      if (field.optional)
        into.columns.push({ name: `${name}Set`, width: 'byte', meaning: `1 when ${field.name} is there.` });
    }
  }
}

function addCase(into: Table, oneof: string): void {
  if (into.columns.some((column) => column.name === `${oneof}Case`)) return;
  into.columns.push({
    name: `${oneof}Case`,
    width: 'byte',
    meaning: `Field number of the variant of ${oneof}; 0 none.`,
  });
}

function describe(field: Field): string {
  switch (field.type) {
    case 'string':
    case 'bytes':
      return `${field.meaning} Offset and length in the arena.`;
    case 'id8':
    case 'id16':
      return `${field.meaning} Offset and length (0 or ${field.type.slice(2)}) in the arena.`;
    case 'double':
      return `${field.meaning} Low and high word of the IEEE 754 bits.`;
    default:
      return widthOf(field.type) === 'pair' ? `${field.meaning} Low and high word.` : field.meaning;
  }
}
