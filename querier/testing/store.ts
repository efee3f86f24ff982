/** A real store with the real tables for a test, and the querier's view of it. */
import type { ClickHouseClient } from '@clickhouse/client';
import { openTestStore } from '../../clickhouse/embedded/testing/store.ts';
import { tables, views } from '../../clickhouse/tables/all.ts';
import { createTable, createView } from '../../clickhouse/tables/table.ts';
import { createStore, type Store, type StoreLimits } from '../store/store.ts';

const limits: StoreLimits = { maxExecutionSeconds: 30, maxResultRows: 100_000, maxMemoryBytes: 1 << 30 };

export interface QueriedStore {
  store: Store;
  client: ClickHouseClient;
  socketPath: string;
}

/** Closed with the test. */
export async function openQueriedStore(owner: {
  after(cleanUp: () => Promise<void> | void): void;
}): Promise<QueriedStore> {
  const { client, socketPath } = await openTestStore(owner);
  await client.command({ query: 'CREATE DATABASE IF NOT EXISTS otel ENGINE = Atomic' });
  const options = { database: 'otel', cluster: '', ttlSeconds: 0 };
  for (const table of tables) await client.command({ query: createTable(table, options) });
  for (const view of views) await client.command({ query: createView(view, options) });
  return { store: createStore(client, 'otel', limits), client, socketPath };
}
