/** The detailed answer of health_check (version 2): the state of the collector, its pipelines and components. */
import type { ComponentHealth, ComponentStatus } from '../../component/define.ts';
import type { Answer } from './answer.ts';
import type { HealthCheckConfig } from './config.ts';

type Rules = HealthCheckConfig['component_health'];

/** From what is least worth telling to what is most. */
const order: readonly ComponentStatus[] = [
  'stopped',
  'ok',
  'recoverable_error',
  'stopping',
  'starting',
  'permanent_error',
  'fatal_error',
];
const words: Record<ComponentStatus, string> = {
  starting: 'StatusStarting',
  ok: 'StatusOK',
  recoverable_error: 'StatusRecoverableError',
  permanent_error: 'StatusPermanentError',
  fatal_error: 'StatusFatalError',
  stopping: 'StatusStopping',
  stopped: 'StatusStopped',
};

/** `query` may have `pipeline` (an id) and `verbose`. */
export function statusAnswer(
  health: readonly ComponentHealth[],
  query: URLSearchParams,
  rules: Rules,
  nowMs: number,
): Answer {
  const pipeline = query.get('pipeline');
  const shown = pipeline === null ? health : health.filter(({ pipelines }) => pipelines.includes(pipeline));
  if (pipeline !== null && shown.length === 0) {
    return { code: 404, type: 'application/json', body: `${JSON.stringify({ error: `no pipeline "${pipeline}"` })}\n` };
  }
  const isHealthy = (one: ComponentHealth) => healthy(one, rules, nowMs);
  const worst = worstOf(shown);
  const body: Record<string, unknown> = { healthy: shown.every(isHealthy), ...(worst && describe(worst)) };
  if (query.has('verbose') && query.get('verbose') !== 'false') {
    body.components = pipeline === null ? groups(shown, isHealthy) : components(shown, isHealthy);
  }
  return { code: codeOf(shown, rules, nowMs), type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

function codeOf(shown: readonly ComponentHealth[], rules: Rules, nowMs: number): number {
  const status = worstOf(shown)?.status;
  if (status === undefined || status === 'starting' || status === 'stopping' || status === 'stopped') return 503;
  return shown.every((one) => healthy(one, rules, nowMs)) ? 200 : 500;
}

function healthy({ status, sinceMs }: ComponentHealth, rules: Rules, nowMs: number): boolean {
  switch (status) {
    case 'ok':
    case 'starting':
    case 'stopping':
    case 'stopped':
      return true;
    case 'fatal_error':
      return false;
    case 'permanent_error':
      return !rules.include_permanent_errors;
    case 'recoverable_error':
      return !rules.include_recoverable_errors || nowMs - sinceMs < rules.recovery_duration;
    default:
      return status satisfies never;
  }
}

/** `pipeline:traces` and `extensions`, each with its components. */
function groups(health: readonly ComponentHealth[], isHealthy: (one: ComponentHealth) => boolean) {
  const result: Record<string, unknown> = {};
  const extensions = health.filter(({ kind }) => kind === 'extension');
  if (extensions.length > 0) result.extensions = group(extensions, isHealthy);
  for (const id of new Set(health.flatMap(({ pipelines }) => pipelines))) {
    result[`pipeline:${id}`] = group(
      health.filter(({ pipelines }) => pipelines.includes(id)),
      isHealthy,
    );
  }
  return result;
}

function group(health: readonly ComponentHealth[], isHealthy: (one: ComponentHealth) => boolean) {
  return { healthy: health.every(isHealthy), ...describe(worstOf(health)!), components: components(health, isHealthy) };
}

function components(health: readonly ComponentHealth[], isHealthy: (one: ComponentHealth) => boolean) {
  return Object.fromEntries(
    health.map((one) => [`${one.kind}:${one.id}`, { healthy: isHealthy(one), ...describe(one) }]),
  );
}

function describe({ status, message, sinceMs }: ComponentHealth) {
  return { status: words[status], ...(message && { error: message }), status_time: new Date(sinceMs).toISOString() };
}

function worstOf(health: readonly ComponentHealth[]): ComponentHealth | undefined {
  return health.toSorted((a, b) => order.indexOf(b.status) - order.indexOf(a.status))[0];
}
