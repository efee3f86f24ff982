/** Options of the `query` extension. */
import { z } from 'zod';
import { endpointFitsTransport, listenAddress } from '../../component/schemas/address.ts';
import { duration } from '../../component/schemas/duration.ts';
import { secret } from '../../component/schemas/secret.ts';
import { size } from '../../component/schemas/size.ts';

const address = listenAddress('localhost:8080');

const clickhouse = z
  .strictObject({
    endpoint: z
      .string()
      .regex(/^(unix:.|https?:\/\/.)/, 'write unix:/path/http.sock, http://host:8123 or https://host:8443')
      .default('unix:./data/clickhouse/http.sock')
      .describe(
        'Where the store listens: unix:PATH for the embedded store, or http://host:8123 for a ClickHouse server. Must be the store that the clickhouse exporter writes to.',
      ),
    database: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of letters, digits and underscores')
      .default('otel')
      .describe('Database that holds the tables.'),
    username: z.string().default('default').describe('User of the store. One that may only read is enough.'),
    password: secret()
      .default(() => secret().parse(''))
      .describe('Password of that user.'),
  })
  .prefault({})
  .describe('The store that is asked.');

const limits = z
  .strictObject({
    max_execution_time: duration('30s').describe(
      'A query that takes longer is stopped. Raised, longer reports work, and cost the store that time.',
    ),
    max_result_rows: z
      .int()
      .positive()
      .default(100_000)
      .describe(
        'About as many rows may an SQL query answer with; more are cut off. Raised, it costs memory in the browser.',
      ),
    max_memory: size('1GiB').describe('Memory that one query may take in the store.'),
  })
  .prefault({})
  .describe('What one query may cost.');

const pcap = z
  .strictObject({
    directory: z.string().min(1).describe('Where a cbpf receiver keeps packets (its pcap::directory).'),
  })
  .describe('Serves kept packets under /api/v1/pcap. They hold what was sent in plain text.');

export const queryConfig = z
  .strictObject({
    endpoint: address.endpoint.describe(
      'Where the page and the APIs are served, as host:port. There is no login: on any address but localhost, everyone who can reach it can read everything in the store.',
    ),
    transport: address.transport,
    clickhouse,
    limits,
    pcap: pcap.optional(),
  })
  .check(endpointFitsTransport);

export type QueryConfig = z.output<typeof queryConfig>;
