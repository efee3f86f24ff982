/** All routes of `/api/v1`, which the page is made of and scripts may use. */
import { callRoutes } from './calls/routes.ts';
import { flowRoutes } from './flows/routes.ts';
import { logRoutes } from './logs/routes.ts';
import { metricRoutes } from './metrics/routes.ts';
import type { Route } from './route.ts';
import { serviceRoutes } from './services/routes.ts';
import { sqlRoutes } from './sql/routes.ts';
import { storageRoutes } from './storage/routes.ts';
import { traceRoutes } from './traces/routes.ts';

export const pageRoutes: readonly Route[] = [
  ...sqlRoutes,
  ...traceRoutes,
  ...serviceRoutes,
  ...callRoutes,
  ...flowRoutes,
  ...logRoutes,
  ...metricRoutes,
  ...storageRoutes,
];
