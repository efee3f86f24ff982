/** Options of the `query` extension. */
import { z } from 'zod';

const clickhouse = z
  .strictObject({
    endpoint: z
      .string()
      .default('unix:./data/clickhouse/http.sock')
      .describe(
        'Where the store listens: unix:PATH for the embedded store, or http://host:8123 for a ClickHouse server. ' +
          'Must be the store the clickhouse exporter writes to.',
      ),
    database: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _ only')
      .default('otel')
      .describe('Database that holds the tables.'),
    username: z.string().default('default').describe('User of the store. One that may only read is enough.'),
    password: z.string().default('').describe('Password of that user.'),
  })
  .prefault({});

const limits = z
  .strictObject({
    max_execution_seconds: z
      .number()
      .positive()
      .default(30)
      .describe('A query that takes longer is stopped. Raised: longer reports work; costs the store time.'),
    max_result_rows: z
      .int()
      .positive()
      .default(10_000)
      .describe('Rows an SQL query may answer with; more are cut off. Raised: costs memory here and in the browser.'),
    max_memory_mib: z.int().positive().default(1024).describe('Memory one query may take in the store, in MiB.'),
  })
  .prefault({});

export const queryConfig = z.strictObject({
  endpoint: z
    .string()
    .default('localhost:8080')
    .describe(
      'host:port the page and the APIs listen on. There is no login: on any address but localhost everyone who can ' +
        'reach it can read everything in the store.',
    ),
  clickhouse,
  limits,
});

export type QueryConfig = z.output<typeof queryConfig>;
