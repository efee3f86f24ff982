/** Extension `query`: the page, SQL, and the Tempo and Jaeger APIs over what the store holds. */
import { createServer } from 'node:http';
import { createDriver } from '../../clickhouse/client.ts';
import { defineExtension } from '../../component/define.ts';
import { listeningEndpoint, listenOrExplain } from '../../component/listen.ts';
import { createStore } from '../../querier/store/store.ts';
import { type ListenTarget, listen } from '../../wire/listen.ts';
import { createApp } from './app.ts';
import { type QueryConfig, queryConfig } from './config.ts';

export default defineExtension({
  type: 'query',
  description: 'Serves the web page, SQL, and the Tempo and Jaeger query APIs over the store.',
  stability: 'beta',
  config: queryConfig,
  create(context) {
    const { config, host, log } = context;
    const store = openStore(config);
    const server = createServer(
      { headersTimeout: 15_000, requestTimeout: 60_000 },
      createApp({ store, host, log, packets: config.pcap?.directory }),
    );
    return {
      async start() {
        const target: ListenTarget = { endpoint: config.endpoint, transport: config.transport, reusePort: false };
        const where = `extensions::${context.id}::endpoint`;
        const address = await listenOrExplain(where, target, (at) => listen(server, at));
        const at = listeningEndpoint(target, address);
        context.reportListener({ protocol: 'page', url: config.transport === 'unix' ? `unix:${at}` : `http://${at}` });
      },
      async shutdown() {
        if (server.listening) {
          await new Promise<void>((resolve) => {
            server.close(() => resolve());
            // A query in flight is cancelled by its connection going away; nothing here is worth waiting for.
            server.closeAllConnections();
          });
        }
        await store.close();
      },
    };
  },
});

function openStore({ clickhouse, limits }: QueryConfig) {
  const driver = createDriver({
    endpoint: clickhouse.endpoint,
    username: clickhouse.username,
    password: clickhouse.password.reveal(),
    compression: 'none',
    // The store stops a query by itself; this is for a store that hangs.
    timeoutMs: limits.max_execution_time + 10_000,
  });
  return createStore(driver, clickhouse.database, {
    maxExecutionSeconds: limits.max_execution_time / 1000,
    maxResultRows: limits.max_result_rows,
    maxMemoryBytes: limits.max_memory,
  });
}
