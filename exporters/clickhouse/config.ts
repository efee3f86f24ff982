/** The options of the ClickHouse exporter. */
import { z } from 'zod';
import { duration } from '../../component/schemas/duration.ts';
import { secret } from '../../component/schemas/secret.ts';
import { size } from '../../component/schemas/size.ts';
import { tlsClient } from '../../component/schemas/tls.ts';

const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of letters, digits and underscores');

const spool = z
  .strictObject({
    directory: z
      .string()
      .min(1)
      .default('./data/spool')
      .describe(
        'Where accepted data waits until ClickHouse has it. It survives restarts and kills; put it on a local disk.',
      ),
    max_size: size('2GiB').describe(
      'Bytes that may wait on disk. When ClickHouse is away for longer than this lasts, senders are told to try again later; nothing accepted is dropped.',
    ),
    max_rejected_size: size('256MiB').describe(
      'Bytes kept of data that ClickHouse refuses for ever, for a look by a person; the oldest go first.',
    ),
    fsync: z
      .boolean()
      .default(false)
      .describe(
        'Acknowledge only what is on the disk itself: safe against power failures too, and slower by a disk flush per group of requests. Without it data is safe against every crash of this program.',
      ),
  })
  .prefault({})
  .describe('The files between acknowledging data and inserting it.');

const batch = z
  .strictObject({
    max_rows: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100_000)
      .describe(
        'An insert is sent when it has this many rows. Larger inserts cost ClickHouse less and us more memory.',
      ),
    max_bytes: size('32MiB').describe('An insert is sent when it has this many bytes of OTLP.'),
    flush_interval: duration('2s').describe(
      'An insert is sent when its first row is this old. Smaller shows data sooner and makes more, smaller parts: with 1s the embedded store needs half as much CPU again.',
    ),
  })
  .prefault({})
  .describe('How much becomes one insert.');

const retry = z
  .strictObject({
    initial_interval: duration('1s').describe('Wait before an insert that failed is repeated the first time.'),
    max_interval: duration('30s').describe(
      'Waits double up to this. Inserts are repeated for ever, because the spool keeps the data.',
    ),
  })
  .prefault({})
  .describe('How often a failed insert is repeated.');

export const configSchema = z.strictObject({
  endpoint: z
    .string()
    .regex(/^(unix:.+|https?:\/\/[^/]+.*)$/, 'write unix:/path/http.sock, http://host:8123 or https://host:8443')
    .default('unix:./data/clickhouse/http.sock')
    .describe(
      'The HTTP interface of ClickHouse 24 or newer: http://host:8123, https://host:8443, or unix:PATH for the socket of extension clickhouse_embedded.',
    ),
  database: identifier.default('otel').describe('Database of the tables; created when `create_schema` is true.'),
  username: z
    .string()
    .default('default')
    .describe('User of ClickHouse; needs INSERT, SELECT, CREATE and ALTER on the database.'),
  password: secret().prefault('').describe("The user's password."),
  tls: tlsClient(),
  ttl: duration('720h').describe(
    'How long data is kept, counted from the end of the day it was received; 0s keeps it for ever.',
  ),
  create_schema: z
    .boolean()
    .default(true)
    .describe(
      'Create the database, tables and views, and bring older ones up to date. When false, somebody else does.',
    ),
  cluster: z
    .union([z.literal(''), identifier])
    .default('')
    .describe('Name of the cluster on which tables are created as Replicated ones (ON CLUSTER); empty for one server.'),
  compression: z
    .enum(['none', 'gzip', 'zstd'])
    .default('none')
    .describe(
      'Compression of inserts. none is right for a socket or a fast network; zstd costs about 1 us of CPU a span.',
    ),
  timeout: duration('60s').describe(
    'An insert that takes longer, from its first byte to the answer, is ended and repeated with the same token, so it is stored once; 0s waits for ever.',
  ),
  shutdown_timeout: duration('5s').describe(
    'How long shutting down waits for data to be inserted; the rest stays in the spool for the next start.',
  ),
  spool,
  batch,
  retry,
});

export type ClickHouseConfig = z.output<typeof configSchema>;
