/** The red connector: calls and flows become rate, error, duration and network metrics, per service, endpoint and edge. */
import { systemClock } from '../../component/clock.ts';
import { defineConnector } from '../../component/define.ts';
import { redConfig } from './config.ts';
import { createRedConnector } from './red.ts';

export default defineConnector({
  type: 'red',
  description:
    'Makes metrics of calls (traces) and flows (logs): requests, errors, durations, bytes, delays, per service, endpoint and edge, each second and minute.',
  config: redConfig,
  signals: { traces: { metrics: 'alpha' }, logs: { metrics: 'alpha' } },
  create: (context, next) => createRedConnector({ context, next, clock: systemClock, unixMs: Date.now }),
});
