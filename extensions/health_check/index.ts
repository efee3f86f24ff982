/** The health_check extension: tells load balancers and orchestrators over HTTP whether the collector works. */
import { createServer, type ServerResponse } from 'node:http';
import { defineExtension } from '../../component/define.ts';
import { listeningEndpoint, listenOrExplain } from '../../component/listen.ts';
import { type ListenTarget, listen } from '../../wire/listen.ts';
import { type Answer, simpleAnswer } from './answer.ts';
import { healthCheckConfig } from './config.ts';
import { statusAnswer } from './status.ts';

export default defineExtension({
  type: 'health_check',
  description: 'Answers over HTTP whether the collector is ready, and how its pipelines fare.',
  config: healthCheckConfig,
  stability: 'beta',
  create(context) {
    const { config, host } = context;
    let readySinceMs: number | undefined;

    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (config.use_v2) {
        const { enabled, path } = config.http.status;
        if (!enabled || url.pathname !== path)
          return send(response, { code: 404, type: 'text/plain', body: 'not found\n' });
        return send(response, statusAnswer(host.health(), url.searchParams, config.component_health, Date.now()));
      }
      if (url.pathname !== config.path) return send(response, { code: 404, type: 'text/plain', body: 'not found\n' });
      send(response, simpleAnswer(readySinceMs, config.response_body, Date.now()));
    });

    return {
      async start() {
        const endpoint = (config.use_v2 && config.http.endpoint) || config.endpoint;
        const target: ListenTarget = { endpoint, transport: config.transport, reusePort: false };
        const where = `extensions::${context.id}::endpoint`;
        const address = await listenOrExplain(where, target, (at) => listen(server, at));
        const path = config.use_v2 ? config.http.status.path : config.path;
        const at = listeningEndpoint(target, address);
        const url = config.transport === 'unix' ? `unix:${at}` : `http://${at}${path}`;
        context.reportListener({ protocol: 'health check', url });
      },
      async ready() {
        readySinceMs = Date.now();
      },
      async notReady() {
        readySinceMs = undefined;
      },
      async shutdown() {
        if (!server.listening) return;
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        });
      },
    };
  },
});

function send(response: ServerResponse, { code, type, body }: Answer): void {
  response.writeHead(code, { 'content-type': type }).end(body);
}
