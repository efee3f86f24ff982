/** The Express application: security headers, the APIs under their prefixes, the page, errors as JSON. */
import express, { type Express } from 'express';
import type { Host } from '../../component/define.ts';
import type { Logger } from '../../component/telemetry.ts';
import { jaegerRoutes } from '../../querier/jaeger/routes.ts';
import { pageRoutes } from '../../querier/page-routes.ts';
import { pcapRoutes } from '../../querier/pcap/routes.ts';
import type { Store } from '../../querier/store/store.ts';
import { tempoRoutes } from '../../querier/tempo/routes.ts';
import { answerError, notFound } from './answer-error.ts';
import { healthRouter } from './health.ts';
import { mount } from './mount.ts';
import { servePage } from './page.ts';
import { guardOrigin, securityHeaders } from './security.ts';

export interface AppParts {
  store: Store;
  host: Host;
  log: Logger;
  /** Directory of kept packets. */
  packets?: string | undefined;
  /** Directory of the built page; `web/dist` unless given. */
  page?: string;
}

/**
 * `/api/v1` is the page's own API with SQL; `/tempo` and `/jaeger` carry the two query APIs. Both claim
 * `/api/traces/{id}`, so the bare `/api` answers as Tempo: a Grafana Tempo data source needs no path then.
 */
export function createApp({ store, host, log, packets, page }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(securityHeaders, guardOrigin);
  app.use(express.text({ type: () => true, limit: '1mb' }));
  app.use('/api/v1', healthRouter(host), mount([...pageRoutes, ...pcapRoutes(packets)], store));
  app.use('/jaeger', mount(jaegerRoutes, store));
  app.use('/tempo', mount(tempoRoutes, store));
  app.use('/', mount(tempoRoutes, store));
  app.use(['/api', '/tempo', '/jaeger'], notFound);
  app.use(servePage(page));
  app.use(answerError(log));
  return app;
}
