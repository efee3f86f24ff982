/** The plain answer of health_check: available, or not yet, or no more. */
import type { HealthCheckConfig } from './config.ts';

export interface Answer {
  code: number;
  type: string;
  body: string;
}

export function simpleAnswer(
  readySinceMs: number | undefined,
  bodies: HealthCheckConfig['response_body'],
  nowMs: number,
): Answer {
  const ready = readySinceMs !== undefined;
  const own = ready ? bodies.healthy : bodies.unhealthy;
  const code = ready ? 200 : 503;
  if (own !== '') return { code, type: 'text/plain; charset=utf-8', body: own };
  const status = ready
    ? {
        status: 'Server available',
        upSince: new Date(readySinceMs).toISOString(),
        uptime: `${((nowMs - readySinceMs) / 1000).toFixed(3)}s`,
      }
    : { status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' };
  return { code, type: 'application/json', body: `${JSON.stringify(status)}\n` };
}
