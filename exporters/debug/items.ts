/** One line for each span, data point, log record or profile of an OTLP JSON request. */
import type { Signal } from '../../pdata/batch.ts';

type Json = Record<string, unknown>;

/** `message` is an Export*ServiceRequest in OTLP JSON. */
export function itemLines(signal: Signal, message: Json): string {
  let text = '';
  const line = (...words: unknown[]) => {
    text += `${words.filter((word) => word !== undefined && word !== '').join(' ')}\n`;
  };
  switch (signal) {
    case 'traces':
      for (const span of itemsOf(message, 'resourceSpans', 'scopeSpans', 'spans')) {
        line(span.name, span.traceId, span.spanId, attributes(span));
      }
      return text;
    case 'logs':
      for (const record of itemsOf(message, 'resourceLogs', 'scopeLogs', 'logRecords')) {
        line(record.severityText, value(record.body), attributes(record));
      }
      return text;
    case 'metrics':
      for (const metric of itemsOf(message, 'resourceMetrics', 'scopeMetrics', 'metrics')) {
        for (const point of pointsOf(metric)) line(`${metric.name}{${attributes(point)}}`, pointValue(point));
      }
      return text;
    case 'profiles':
      for (const profile of itemsOf(message, 'resourceProfiles', 'scopeProfiles', 'profiles')) {
        line(profile.profileId, `samples=${list(profile.samples ?? profile.sample).length}`);
      }
      return text;
    default:
      return signal satisfies never;
  }
}

function itemsOf(message: Json, resources: string, scopes: string, items: string): Json[] {
  return list(message[resources]).flatMap((resource) => list(resource[scopes]).flatMap((scope) => list(scope[items])));
}

function pointsOf(metric: Json): Json[] {
  const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
  return kinds.flatMap((kind) => list((metric[kind] as Json | undefined)?.dataPoints));
}

function pointValue(point: Json): string {
  const shown = point.asDouble ?? point.asInt;
  return shown === undefined ? `count=${point.count ?? 0} sum=${point.sum ?? 0}` : String(shown);
}

function attributes(item: Json): string {
  return list(item.attributes)
    .map((attribute) => `${attribute.key}=${value(attribute.value)}`)
    .join(' ');
}

/** An AnyValue as a word; nested values as JSON. */
function value(any: unknown): string | undefined {
  if (typeof any !== 'object' || any === null) return undefined;
  const [inner] = Object.values(any);
  return typeof inner === 'object' ? JSON.stringify(inner) : String(inner ?? '');
}

function list(array: unknown): Json[] {
  return Array.isArray(array) ? (array as Json[]) : [];
}
