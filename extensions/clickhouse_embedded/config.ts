/** Options of the clickhouse_embedded extension. */
import { z } from 'zod';
import { secret } from '../../component/schemas/secret.ts';
import { size } from '../../component/schemas/size.ts';
import { parseHostPort } from '../../wire/listen.ts';

export const clickhouseEmbeddedConfig = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('./data/clickhouse')
    .describe(
      'Where the data lives; made when it is not there. Exporters and queries find the store at unix:<directory>/http.sock, so its absolute path may have at most 97 bytes.',
    ),
  http: z
    .strictObject({
      endpoint: z
        .string()
        .refine((endpoint) => parseHostPort(endpoint) !== undefined, 'write host:port, such as 127.0.0.1:8123')
        .optional()
        .describe(
          'Also speak the ClickHouse HTTP interface here, as host:port, for Grafana, clickhouse-connect, curl and every other client. Unset it is spoken on the socket only.',
        ),
    })
    .prefault({})
    .describe('The ClickHouse HTTP interface for clients of this machine or, with a password, of others.'),
  password: secret()
    .optional()
    .describe(
      'What clients must send, with any user name; exporters and queries of this collector too. Unset anyone who reaches the socket or the port may read and write.',
    ),
  memory_limit: size()
    .optional()
    .describe(
      'Memory of the store for queries, inserts, merges and caches; beyond it queries fail with Code 241. Unset it is a quarter of the memory of the machine or container, 4GiB at most. Less slows merges and large queries.',
    ),
  max_disk_usage: size()
    .optional()
    .describe(
      'Quota of all tables. At 85 % of it the oldest day of the biggest table is dropped, again and again until it holds; at 100 % a table gives even its only day. Unset the disk is the limit.',
    ),
  min_free_disk: size('1GiB').describe(
    'With less free on the disk the oldest days are dropped as well; with less than half of it inserts are refused until there is room.',
  ),
});
