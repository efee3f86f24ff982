/** The querier's way to the store: bounded, cancellable, read-only queries over ClickHouse HTTP. */
import type { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import type { Params } from './params.ts';
import { ownSqlError, storeError } from './store-error.ts';

export interface StoreLimits {
  /** A query that takes longer is stopped by the store. */
  maxExecutionSeconds: number;
  /** Rows a query may answer with. */
  maxResultRows: number;
  /** Memory one query may take in the store, in bytes. */
  maxMemoryBytes: number;
}

export interface Store {
  /** Database the tables live in, quoted for use in SQL. */
  readonly database: string;
  /** Rows of a query of ours. Placeholders in the text refer to `params`. */
  select<Row>(sql: string, params?: Params, signal?: AbortSignal): Promise<Row[]>;
  /** The raw answer, in ClickHouse's `JSON` format, of SQL that somebody typed. Nothing it does can change the store. */
  answer(sql: string, signal?: AbortSignal): Promise<Readable>;
  close(): Promise<void>;
}

/** `database` must be an identifier: it is the only configured text that becomes part of SQL. */
export function createStore(client: ClickHouseClient, database: string, limits: StoreLimits): Store {
  const quoted = `\`${database.replaceAll('`', '')}\``;
  const bounds: ClickHouseSettings = {
    max_execution_time: limits.maxExecutionSeconds,
    max_memory_usage: String(limits.maxMemoryBytes),
    // 64-bit integers as JSON numbers would lose their last digits in JavaScript.
    output_format_json_quote_64bit_integers: 1,
    output_format_json_quote_denormals: 1,
  };
  return {
    database: quoted,
    async select<Row>(sql: string, params?: Params, signal?: AbortSignal): Promise<Row[]> {
      try {
        const result = await client.query({
          query: sql,
          format: 'JSONEachRow',
          clickhouse_settings: bounds,
          // Hundreds of trace ids do not fit into an address.
          use_multipart_params_auto: true,
          ...(params !== undefined && { query_params: params.values }),
          ...(signal !== undefined && { abort_signal: signal }),
        });
        return (await result.json()) as Row[];
      } catch (error) {
        throw ownSqlError(error, signal);
      }
    },
    async answer(sql: string, signal?: AbortSignal): Promise<Readable> {
      try {
        const result = await client.exec({
          query: sql,
          clickhouse_settings: {
            ...bounds,
            default_format: 'JSON',
            max_result_rows: String(limits.maxResultRows),
            // A longer answer is cut, not refused; the page says so from `rows_before_limit_at_least`.
            result_overflow_mode: 'break',
            // Rows are cut at the end of a block.
            max_block_size: String(Math.min(limits.maxResultRows, 65_409)),
            wait_end_of_query: 1,
            // 1, not 2: this also forbids file(), url() and the other functions that reach outside of the store.
            readonly: '1',
          },
          ...(signal !== undefined && { abort_signal: signal }),
        });
        return result.stream;
      } catch (error) {
        throw storeError(error, signal);
      }
    },
    close: () => client.close(),
  };
}
