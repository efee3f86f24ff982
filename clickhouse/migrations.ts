/**
 * Brings a database to the schema of this version, from nothing or from any earlier version.
 *
 * A migration is a list of statements each of which may run any number of times. What was done is recorded in
 * `schema_migrations`, so a killed run goes on where it was, and several collectors may start at once: at worst each runs
 * every statement. Views are replaced every time, because they hold no data.
 */

import { kernelAttributes } from '../pdata/schema/flow-log.ts';
import type { StoreClient } from './client.ts';
import { identifier, literal } from './quote.ts';
import { tables, views } from './tables/all.ts';
import { flowColumns, flowLog } from './tables/flow-log.ts';
import { redTables } from './tables/red.ts';
import {
  columnDdl,
  createTable,
  createView,
  onCluster,
  type SchemaOptions,
  ttlExpression,
  ttlOf,
} from './tables/table.ts';
import { spans } from './tables/traces.ts';

export interface Migration {
  /** Rises by one from migration to migration; never used again. */
  version: number;
  name: string;
  statements(options: SchemaOptions): readonly string[];
}

/** Add to the end; never change one that was released. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'first tables', statements: (options) => tables.map((table) => createTable(table, options)) },
  {
    version: 2,
    name: 'flows, and calls in numbers',
    statements: (options) => [
      ...[flowLog, ...redTables].map((table) => createTable(table, options)),
      ...(spans.computed ?? []).map(
        (column) =>
          `ALTER TABLE ${identifier(options.database)}.spans${onCluster(options)} ADD COLUMN IF NOT EXISTS ${columnDdl(column)}`,
      ),
    ],
  },
  {
    version: 3,
    name: 'connections as the kernel counts them',
    statements: (options) =>
      flowColumns(kernelAttributes).map(
        (column) =>
          `ALTER TABLE ${identifier(options.database)}.flow_log${onCluster(options)} ADD COLUMN IF NOT EXISTS ${columnDdl(column)}`,
      ),
  },
];

/** Runs what is missing. `onStep` is told the name of each migration that had to run. */
export async function migrate(
  client: StoreClient,
  options: SchemaOptions,
  onStep: (name: string) => void = () => {},
  list: readonly Migration[] = migrations,
): Promise<void> {
  const database = identifier(options.database);
  await client.command(`CREATE DATABASE IF NOT EXISTS ${database}${onCluster(options)}`);
  await client.command(createTable(schemaMigrations, { ...options, ttlSeconds: 0 }));
  const done = await client.query<{ version: number }>(
    `SELECT DISTINCT version FROM ${database}.schema_migrations WHERE complete`,
  );
  const versions = new Set(done.map((row) => Number(row.version)));
  for (const migration of list) {
    if (versions.has(migration.version)) continue;
    onStep(migration.name);
    for (const statement of migration.statements(options)) await client.command(statement);
    await client.command(
      `INSERT INTO ${database}.schema_migrations (received_date, version, name, complete) VALUES (today(), ${migration.version}, ${literal(migration.name)}, true)`,
    );
  }
  for (const view of views) await client.command(createView(view, options));
  await applyTtl(client, options);
}

const schemaMigrations = {
  name: 'schema_migrations',
  comment: 'Which migrations of the schema have run',
  engine: 'MergeTree',
  columns: [
    { name: 'received_date', type: 'Date', codec: 'ZSTD(1)', comment: 'UTC day on which it ran' },
    { name: 'version', type: 'UInt32', codec: 'ZSTD(1)', comment: 'Number of the migration' },
    { name: 'name', type: 'String', codec: 'ZSTD(1)', comment: 'What it did' },
    { name: 'complete', type: 'Bool', codec: 'ZSTD(1)', comment: 'All of its statements ran' },
  ],
  orderBy: ['version'],
  indexes: [],
} as const;

/** A changed `ttl` applies to the rows already there, too; only the parts' notes on their age are rewritten. */
async function applyTtl(client: StoreClient, options: SchemaOptions): Promise<void> {
  const existing = await client.query<{ name: string; ddl: string }>(
    'SELECT name, create_table_query AS ddl FROM system.tables WHERE database = {database: String}',
    { database: options.database },
  );
  for (const table of tables) {
    const ddl = existing.find((row) => row.name === table.name)?.ddl;
    if (ddl === undefined) continue;
    const seconds = /\bTTL toDateTime\(received_date\) \+ toIntervalSecond\((\d+)\)/.exec(ddl)?.[1];
    const ttl = ttlOf(table, options);
    const wanted = ttl === 0 ? undefined : /\d+/.exec(ttlExpression(ttl))?.[0];
    if (seconds === wanted) continue;
    const alter = `ALTER TABLE ${identifier(options.database)}.${identifier(table.name)}${onCluster(options)}`;
    await client.command(wanted === undefined ? `${alter} REMOVE TTL` : `${alter} MODIFY TTL ${ttlExpression(ttl)}`);
  }
}
