/** A ClickHouse client for an endpoint that is a unix socket or a URL. */
import { Agent } from 'node:http';
import { resolve } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import type { QueryConfig } from './config.ts';

export function createStoreClient(config: QueryConfig['clickhouse']): ClickHouseClient {
  const { endpoint, username, password, database } = config;
  const common = { username, password, database, application: 'otelcol-deepflow-query', request_timeout: 600_000 };
  if (!endpoint.startsWith('unix:')) return createClient({ ...common, url: endpoint });
  const agent = new Agent({ keepAlive: true, maxSockets: 16, socketPath: resolve(endpoint.slice(5)) } as object);
  return createClient({ ...common, url: 'http://localhost', http_agent: agent });
}
