/** The ClickHouse engine in this process (chDB): opens a data directory and runs statements on its native connections. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A connection inside the engine: its settings, current database, parameters and temporary tables. Strictly serial. */
export type Connection = { readonly native: unique symbol };

export interface Answer {
  bytes: Uint8Array;
  elapsed: number;
  rowsRead: number;
}

export interface Written {
  rowsWritten: number;
  bytesWritten: number;
  elapsed: number;
}

/** The part of chDB's addon in use. Every call but the first two leaves the event loop free. */
interface Addon {
  CreateConnection(path: string, engineArguments?: string[]): Connection | null;
  CloseConnection(connection: Connection): void;
  QueryAsyncConnection(connection: Connection, sql: string, format: string): Promise<Answer>;
  InsertRawAsyncConnection(
    connection: Connection,
    sql: string,
    data: Uint8Array,
    countLines: boolean,
  ): Promise<Written>;
}

export interface Engine {
  /** `26.7.2.1` */
  readonly version: string;
  readonly timezone: string;
  /** Opening takes 0.1 ms, so whoever needs a clean slate opens one per request instead of undoing settings. */
  connect(): Connection;
  /** Only once everything running on the connection has settled: the engine aborts otherwise. */
  disconnect(connection: Connection): void;
  /** Runs statements (`;` between them) and answers the last one's rows in `format`. */
  run(connection: Connection, sql: string, format?: string): Promise<Answer>;
  /** Runs an INSERT and counts the rows that it wrote, those of its materialized views included. */
  insert(connection: Connection, sql: string): Promise<Written>;
  /** Ends all statements whose text has the tag. Resolves when they were told, which is not when they are gone. */
  kill(tag: string): Promise<void>;
  /** Runs a statement on the connection that no client uses: for heartbeats and for what must not wait for clients. */
  ask(sql: string): Promise<string>;
  close(): void;
}

/** Thrown when chDB is not installed for this platform. */
export class EngineMissingError extends Error {
  override readonly name = 'EngineMissingError';
}

/**
 * Opens the data directory; there can be one per process, and one process per directory.
 * @throws EngineMissingError, or the engine's own error (`Code: 76` when another process has the directory).
 */
export async function openEngine(dataPath: string, configFile: string): Promise<Engine> {
  const addon = loadAddon();
  const admin = addon.CreateConnection(dataPath, [`--config-file=${configFile}`]);
  if (admin === null) throw new Error(`the engine cannot open ${dataPath}`);
  let adminTail: Promise<unknown> = Promise.resolve();

  function onAdmin(sql: string): Promise<Answer> {
    const next = adminTail.then(() => addon.QueryAsyncConnection(admin!, sql, 'TSV'));
    adminTail = next.catch(() => {});
    return next;
  }

  const facts = await onAdmin('SELECT version(), timezone()');
  const [version, timezone] = Buffer.from(facts.bytes).toString().trim().split('\t');

  return {
    version,
    timezone,
    connect() {
      const connection = addon.CreateConnection(dataPath);
      if (connection === null) throw new Error('the engine opens no further connection');
      return connection;
    },
    disconnect: (connection) => addon.CloseConnection(connection),
    run: (connection, sql, format = 'TabSeparated') => addon.QueryAsyncConnection(connection, sql, format),
    // The raw entry with no data is the only one that answers how many rows were written.
    insert: (connection, sql) => addon.InsertRawAsyncConnection(connection, sql, new Uint8Array(0), false),
    async kill(tag) {
      await onAdmin(`KILL QUERY WHERE position(query, '${tag}') > 0 AND query NOT LIKE 'KILL%'`);
    },
    ask: async (sql) => Buffer.from((await onAdmin(sql)).bytes).toString(),
    close: () => addon.CloseConnection(admin),
  };
}

function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  try {
    // By path: the package exports only its JavaScript layer, which hides the written rows and cuts binary inserts.
    const loader = join(dirname(require.resolve('chdb')), 'dist', 'loader.js');
    return require(loader).loadNative();
  } catch (cause) {
    throw new EngineMissingError(`chdb cannot be loaded: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
