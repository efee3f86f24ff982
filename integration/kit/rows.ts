/** Requests taken apart into items that each carry all that is said of them, so that two streams can be compared. */
import type { Signal } from '../../pdata/batch.ts';
import { decode, type Plain } from './schema.ts';

/** One item with its resource and scope, in a form that sorts. Profiles stay whole: their indexes need their dictionary. */
export function rows(signal: Signal, bodies: readonly Uint8Array[]): string[] {
  const found = bodies.flatMap((body) => {
    const request = decode(signal, body);
    return signal === 'profiles' ? [request] : items(signal, request);
  });
  return found.map((row) => JSON.stringify(sorted(row))).sort();
}

const names = {
  traces: ['resource_spans', 'scope_spans', 'spans'],
  logs: ['resource_logs', 'scope_logs', 'log_records'],
  metrics: ['resource_metrics', 'scope_metrics', 'metrics'],
} as const;

function items(signal: Exclude<Signal, 'profiles'>, request: Plain): Plain[] {
  const [byResource, byScope, list] = names[signal];
  const found: Plain[] = [];
  for (const group of lists(request, byResource)) {
    for (const scoped of lists(group, byScope)) {
      const around = {
        resource: group.resource,
        resourceSchemaUrl: group.schema_url,
        scope: scoped.scope,
        scopeSchemaUrl: scoped.schema_url,
      };
      for (const item of lists(scoped, list)) {
        if (signal === 'metrics') found.push(...points(item).map((point) => ({ ...around, ...point })));
        else found.push({ ...around, item });
      }
    }
  }
  return found;
}

/** The data points of a metric, each with the metric's own fields. */
function points(metric: Plain): Plain[] {
  for (const kind of ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary']) {
    const data = metric[kind] as Plain | undefined;
    if (data === undefined) continue;
    return lists(data, 'data_points').map((point) => ({
      metric: { ...metric, [kind]: { ...data, data_points: [] } },
      point,
    }));
  }
  return [{ metric }];
}

function lists(parent: Plain, key: string): Plain[] {
  return (parent[key] ?? []) as Plain[];
}

/**
 * Keys in order, numbers that JSON has no word for as text, and an AnyValue with nothing in it left out: OTLP has one
 * empty value, however it is written.
 */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, child]) => !((key === 'value' || key === 'body') && isEmpty(child)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
