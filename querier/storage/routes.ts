/** `/api/v1/storage`: what the store holds, table by table; `/api/v1/schema`: tables and columns for the SQL page. */
import type { Route } from '../route.ts';
import { json } from '../route.ts';
import { Params } from '../store/params.ts';

export interface TableStorage {
  table: string;
  rows: number;
  /** On disk, compressed. */
  bytes: number;
  uncompressedBytes: number;
  parts: number;
  /** Days of the oldest and newest partition; null for a table that has none. */
  oldestMs: number | null;
  newestMs: number | null;
}

export const storageRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/storage',
    async handle({ store, signal }) {
      const params = new Params();
      const rows = await store.select<TableStorage>(
        `SELECT
           table,
           toFloat64(sum(rows)) AS rows,
           toFloat64(sum(bytes_on_disk)) AS bytes,
           toFloat64(sum(data_uncompressed_bytes)) AS uncompressedBytes,
           toFloat64(count()) AS parts,
           toUnixTimestamp(toDateTime(min(toDateOrNull(partition)), 'UTC')) * 1000 AS oldestMs,
           toUnixTimestamp(toDateTime(max(toDateOrNull(partition)), 'UTC')) * 1000 AS newestMs
         FROM system.parts
         WHERE active AND database = ${params.add('String', store.database.replaceAll('`', ''))}
         GROUP BY table ORDER BY bytes DESC`,
        params,
        signal,
      );
      return json({
        tables: rows.map((row) => ({ ...row, oldestMs: toMs(row.oldestMs), newestMs: toMs(row.newestMs) })),
      });
    },
  },
  {
    method: 'GET',
    path: '/schema',
    async handle({ store, signal }) {
      const params = new Params();
      const rows = await store.select<{ table: string; column: string; type: string; comment: string }>(
        `SELECT table, name AS column, type, comment
         FROM system.columns
         WHERE database = ${params.add('String', store.database.replaceAll('`', ''))}
         ORDER BY table, position`,
        params,
        signal,
      );
      return json({ columns: rows });
    },
  },
];

/** 64-bit numbers come as text. */
function toMs(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
