/** Extension `query`: the page, SQL, and the Tempo and Jaeger APIs over what the store holds. */
import { defineExtension } from '../../component/define.ts';
import { createStore } from '../../querier/store/store.ts';
import { createApp } from './app.ts';
import { createStoreClient } from './client.ts';
import { queryConfig } from './config.ts';
import { createListener } from './listener.ts';

export default defineExtension({
  type: 'query',
  description: 'Serves the web page, SQL, and the Tempo and Jaeger query APIs over the store',
  stability: 'beta',
  config: queryConfig,
  create(context) {
    const { config, log } = context;
    const store = createStore(createStoreClient(config.clickhouse), config.clickhouse.database, {
      maxExecutionSeconds: config.limits.max_execution_seconds,
      maxResultRows: config.limits.max_result_rows,
      maxMemoryBytes: config.limits.max_memory_mib * 1024 * 1024,
    });
    const listener = createListener(createApp({ store, host: context.host, log }), config.endpoint, context.id);
    return {
      async start() {
        await listener.start();
        log.info('Serving the page and the query APIs', { url: listener.url() });
        context.reportStatus('ok');
      },
      async shutdown() {
        await listener.close();
        await store.close();
      },
    };
  },
});
