/** `GET /api/v1/health`: how the pipelines fare, from the service's component states and its own metrics. */
import { Router } from 'express';
import type { ComponentHealth, Host } from '../../component/define.ts';
import { parsePrometheusText, type Sample } from './prometheus-text.ts';

export interface HealthAnswer {
  build: Host['build'];
  /** `ok` when every component is, otherwise the worst of their states. */
  status: string;
  components: ComponentHealth[];
  /** The collector's own metrics, names without the `otelcol_` prefix. */
  metrics: Sample[];
}

const worstFirst = ['fatal_error', 'permanent_error', 'recoverable_error', 'stopping', 'stopped', 'starting'];

export function healthRouter(host: Host): Router {
  const router = Router();
  router.get('/health', async (_request, response) => {
    const components = [...host.health()];
    const states = new Set<string>(components.map((component) => component.status));
    const answer: HealthAnswer = {
      build: host.build,
      status: worstFirst.find((status) => states.has(status)) ?? 'ok',
      components,
      metrics: parsePrometheusText(await host.ownMetrics(), 'otelcol_'),
    };
    response.setHeader('Cache-Control', 'no-store');
    response.json(answer);
  });
  return router;
}
