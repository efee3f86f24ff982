/** The connection to a ClickHouse server: over HTTP, or over the unix socket of the embedded store. */
import http from 'node:http';
import https from 'node:https';
import { addAbortSignal, Readable } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
  type ExecParams,
} from '@clickhouse/client';
import { beforeDeadline } from './deadline.ts';
import { StoreError, storeError } from './errors.ts';
import { watchSource } from './watched-source.ts';

/** Oldest ClickHouse whose SQL this schema needs. */
export const oldestVersion = 24;

export interface StoreOptions {
  /** `unix:/path/http.sock`, `http://host:8123` or `https://host:8443`. */
  endpoint: string;
  username: string;
  password: string;
  /** Compression of what is sent. */
  compression: 'none' | 'gzip' | 'zstd';
  /** Time for one request, from its first byte to the last of its answer; 0 for ever. */
  timeoutMs: number;
  /** Certificates for https. */
  tls?: ConnectionOptions | undefined;
}

export interface InsertOptions {
  database: string;
  table: string;
  columns: readonly { name: string }[];
  /** Inserts with the same token are stored once. */
  token: string;
  signal?: AbortSignal;
}

/** All methods reject with {@link StoreError}. */
export interface StoreClient {
  endpoint: string;
  /**
   * Inserts the bytes of one or more Native blocks. They are pulled as the server takes them. What `chunks` throws ends
   * the request, so that nothing of it is stored, and is what this rejects with.
   */
  insertNative(chunks: Iterable<Uint8Array>, options: InsertOptions): Promise<void>;
  /** Runs a statement without a result. */
  command(sql: string, settings?: ClickHouseSettings): Promise<void>;
  /** Rows of a query as objects, 64-bit integers as text. `{name: Type}` in the SQL is replaced by the parameter of that name. */
  query<Row>(sql: string, parameters?: Record<string, unknown>): Promise<Row[]>;
  /** The server's version; a StoreError of kind `tooOld` below {@link oldestVersion}. */
  checkVersion(): Promise<string>;
  close(): Promise<void>;
}

export function createStoreClient(options: StoreOptions): StoreClient {
  const { endpoint, timeoutMs } = options;
  const agent = createAgent(options);
  const client = connect(options, agent, 0);

  async function run<T>(action: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await beforeDeadline(action, { timeoutMs, endpoint, signal });
    } catch (error) {
      throw storeError(error, endpoint);
    }
  }

  /** Resolves when the whole answer is there, which is empty. */
  async function exec(parameters: ExecParams & { values?: Readable }, signal: AbortSignal): Promise<void> {
    const { stream } = await client.exec({ ...parameters, abort_signal: signal });
    for await (const _ of addAbortSignal(signal, stream));
  }

  async function query<Row>(sql: string, parameters: Record<string, unknown> = {}): Promise<Row[]> {
    return run(async (signal) => {
      const result = await client.query({
        query: sql,
        query_params: parameters,
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
        abort_signal: signal,
      });
      signal.addEventListener('abort', () => result.close(), { once: true });
      return result.json<Row>();
    });
  }

  return {
    endpoint,
    query,

    async insertNative(chunks, { database, table, columns, token, signal }) {
      const names = columns.map((column) => `\`${column.name}\``).join(', ');
      const source = watchSource(chunks);
      try {
        await run(
          (aborted) =>
            exec(
              {
                query: `INSERT INTO \`${database}\`.\`${table}\` (${names}) FORMAT Native`,
                values: Readable.from(source.chunks, { objectMode: false, highWaterMark: 1 }),
                clickhouse_settings: {
                  insert_deduplication_token: token,
                  insert_deduplicate: 1,
                  deduplicate_blocks_in_dependent_materialized_views: 1,
                  async_insert: 0,
                  // Blocks have all columns that are named. To look for fields that lack, the engine would read the description of the whole table
                  // anew for each insert: a fifth of what a small one costs.
                  input_format_defaults_for_omitted_fields: 0,
                  // What was acknowledged to us is gone from the spool, so the answer has to wait for the data.
                  wait_end_of_query: 1,
                },
              },
              aborted,
            ),
          signal,
        );
      } catch (error) {
        throw source.thrown() ?? error;
      }
    },

    command: (sql, settings = {}) => run((signal) => exec({ query: sql, clickhouse_settings: settings }, signal)),

    async checkVersion() {
      const [row] = await query<{ version: string }>('SELECT version() AS version');
      const version = row?.version ?? '';
      if (Number.parseInt(version, 10) >= oldestVersion) return version;
      throw new StoreError(
        'tooOld',
        0,
        `ClickHouse at ${endpoint} is version ${version}; ${oldestVersion} or newer is needed: upgrade the server`,
      );
    },

    async close() {
      await client.close();
      agent.destroy();
    },
  };
}

/** The driver itself, for readers that stream answers and cancel queries; its errors are the driver's own. */
export function createDriver(options: StoreOptions): ClickHouseClient {
  return connect(options, createAgent(options), options.timeoutMs);
}

/** @param silenceMs how long a connection may be silent under a request; 0 for ever */
function connect(options: StoreOptions, agent: http.Agent | https.Agent, silenceMs: number): ClickHouseClient {
  const { compression } = options;
  return createClient({
    url: options.endpoint.startsWith('unix:') ? 'http://localhost' : options.endpoint,
    username: options.username,
    password: options.password,
    application: 'otelcol-deepflow',
    request_timeout: silenceMs,
    http_agent: agent,
    compression: {
      request: compression === 'none' ? false : { codec: compression, level: 1 },
      response: false,
    },
    log: { level: ClickHouseLogLevel.OFF },
  });
}

function createAgent({ endpoint, tls }: StoreOptions): http.Agent | https.Agent {
  // Idle connections are closed before servers do it (3 s by default before 23.11), so that none breaks under an insert.
  const keepAlive = { keepAlive: true, timeout: 2500, maxSockets: 8 };
  if (endpoint.startsWith('unix:')) return new http.Agent({ ...keepAlive, ...socketPath(endpoint) });
  if (endpoint.startsWith('http:')) return new http.Agent(keepAlive);
  return new https.Agent({ ...keepAlive, ...tls });
}

/** The types of Node know `socketPath` for a request only; an agent hands its options to every connection alike. */
function socketPath(endpoint: string): http.AgentOptions {
  return { socketPath: endpoint.slice('unix:'.length) } as http.AgentOptions;
}
