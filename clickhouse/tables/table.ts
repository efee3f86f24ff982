/** What a stored table is: its columns, keys and indexes, and the DDL that follows from them. */
import type { BlockColumn } from '../native/block.ts';
import type { Bytes } from '../native/bytes.ts';
import { identifier, literal } from '../quote.ts';

/** One column of a table, as it is declared in ClickHouse. */
export interface DeclaredColumn {
  name: string;
  /** ClickHouse type, in the DDL and in the head of the Native column alike. */
  type: string;
  /** '' for a column that is not stored: the type has an ALIAS. */
  codec: string;
  comment: string;
}

/** A column that the exporter fills; `Rows` is what one block of the table is made from. */
export interface Column<Rows> extends DeclaredColumn, BlockColumn<Rows> {}

export interface Table {
  name: string;
  comment: string;
  /** Which merge keeps which row; the `Replicated` prefix is added for clusters. */
  engine: 'MergeTree' | 'ReplacingMergeTree' | 'AggregatingMergeTree';
  columns: readonly DeclaredColumn[];
  /** Columns that ClickHouse computes from the others when rows are inserted: the type has a DEFAULT; or when they are read: an ALIAS. */
  computed?: readonly DeclaredColumn[];
  orderBy: readonly string[];
  /** Rows live no longer than this, however long `ttl` keeps others. */
  ttlSeconds?: number;
  /** Data skipping indexes, as `name expression TYPE type GRANULARITY n`. */
  indexes: readonly string[];
}

/** A table that the exporter fills. */
export interface StoredTable<Rows> extends Table {
  columns: readonly Column<Rows>[];
}

/** A view, or a materialized view when it has a target. */
export interface View {
  name: string;
  comment: string;
  /** Table that a materialized view inserts into. */
  to?: string;
  /** The SELECT; `{database}` stands for the database's name. */
  select: string;
}

/** Where and how the schema is created. */
export interface SchemaOptions {
  database: string;
  /** Name of the cluster for `ON CLUSTER`; empty for one server. */
  cluster: string;
  /** How long rows are kept after the day they were received; 0 keeps them for ever. */
  ttlSeconds: number;
}

/** Declares a column with the function that writes it. */
export function column<Rows>(
  name: string,
  type: string,
  comment: string,
  write: (out: Bytes, rows: Rows) => void,
  codec = 'ZSTD(1)',
): Column<Rows> {
  return { name, type, codec, comment, write };
}

export function onCluster(options: SchemaOptions): string {
  return options.cluster === '' ? '' : ` ON CLUSTER ${identifier(options.cluster)}`;
}

export function createTable(table: Table, options: SchemaOptions): string {
  const columns = [...table.columns, ...(table.computed ?? [])].map((column) => `  ${columnDdl(column)}`);
  const ttl = ttlOf(table, options);
  const indexes = table.indexes.map((index) => `  INDEX ${index}`);
  return [
    `CREATE TABLE IF NOT EXISTS ${identifier(options.database)}.${identifier(table.name)}${onCluster(options)} (`,
    [...columns, ...indexes].join(',\n'),
    ')',
    `ENGINE = ${options.cluster === '' ? '' : 'Replicated'}${table.engine}`,
    'PARTITION BY received_date',
    `ORDER BY (${table.orderBy.join(', ')})`,
    ...(ttl > 0 ? [`TTL ${ttlExpression(ttl)}`] : []),
    // The window holds the tokens of the last inserts: a retried insert is recognized and not stored again.
    'SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 10000',
    `COMMENT ${literal(table.comment)}`,
  ].join('\n');
}

/** A column as CREATE TABLE and ALTER TABLE declare it. */
export function columnDdl({ name, type, comment, codec }: DeclaredColumn): string {
  return `${identifier(name)} ${type} COMMENT ${literal(comment)}${codec === '' ? '' : ` CODEC(${codec})`}`;
}

/** How long rows of a table are kept, seconds; 0 for ever. */
export function ttlOf(table: Table, options: SchemaOptions): number {
  const own = table.ttlSeconds ?? 0;
  if (own === 0 || options.ttlSeconds === 0) return Math.max(own, options.ttlSeconds);
  return Math.min(own, options.ttlSeconds);
}

export function createView(view: View, options: SchemaOptions): string {
  const name = `${identifier(options.database)}.${identifier(view.name)}`;
  const select = view.select.replaceAll('{database}', identifier(options.database)).trim();
  if (view.to === undefined) return `CREATE OR REPLACE VIEW ${name}${onCluster(options)} AS\n${select}`;
  const target = `${identifier(options.database)}.${identifier(view.to)}`;
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS ${name}${onCluster(options)} TO ${target} AS\n${select}`;
}

/** Rows live at least that long: the partition's day has to be over before the time begins to count. */
export function ttlExpression(ttlSeconds: number): string {
  return `toDateTime(received_date) + toIntervalSecond(${86_400 + ttlSeconds})`;
}
