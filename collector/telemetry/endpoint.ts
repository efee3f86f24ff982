/** The HTTP server on which the collector's own metrics are scraped. */
import { createServer } from 'node:http';
import { listeningEndpoint, listenOrExplain } from '../../component/listen.ts';
import { type ListenTarget, listen } from '../../wire/listen.ts';

export interface MetricsEndpoint {
  url: string;
  close(): Promise<void>;
}

/** Serves `read()` at `/metrics`. Rejects with an OperatorError when the address cannot be used. */
export async function openMetricsEndpoint(
  host: string,
  port: number,
  read: () => Promise<string>,
): Promise<MetricsEndpoint> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end('404 page not found\n');
      return;
    }
    read().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      (error) => response.writeHead(500).end(`${(error as Error).message}\n`),
    );
  });
  const endpoint = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const target: ListenTarget = { endpoint, transport: 'tcp', reusePort: false };
  const where = 'service::telemetry::metrics::readers';
  const address = await listenOrExplain(where, target, (at) => listen(server, at));
  return {
    url: `http://${listeningEndpoint(target, address)}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
