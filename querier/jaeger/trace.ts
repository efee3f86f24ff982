/** A trace as Jaeger's UI reads it: spans, processes, references; tags keep their types. */
import { type Attribute, type Pairs, readAttributes } from '../attributes/typed.ts';
import type { SpanRow } from '../traces/span-row.ts';

interface Tag {
  key: string;
  type: 'string' | 'bool' | 'int64' | 'float64' | 'binary';
  value: string | number | boolean;
}

const kindNames = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Times are microseconds, as Jaeger has them. `rows` are not empty. */
export function jaegerTrace(rows: readonly SpanRow[]): object {
  const processes: Record<string, { serviceName: string; tags: Tag[] }> = {};
  const processIds = new Map<string, string>();
  const spans = rows.map((row) => {
    const key = JSON.stringify([row.serviceName, row.resourceAttributes]);
    let processID = processIds.get(key);
    if (processID === undefined) {
      processID = `p${processIds.size + 1}`;
      processIds.set(key, processID);
      const resource = tagsOf(row.resourceAttributes, row.resourceAttributeTypes);
      processes[processID] = {
        serviceName: row.serviceName,
        tags: resource.filter((tag) => tag.key !== 'service.name'),
      };
    }
    return spanOf(row, processID);
  });
  return { traceID: rows[0]!.traceId, spans, processes, warnings: null };
}

function spanOf(row: SpanRow, processID: string): object {
  return {
    traceID: row.traceId,
    spanID: row.spanId,
    ...(row.parentSpanId !== '' && { parentSpanID: row.parentSpanId }),
    flags: row.flags & 0xff,
    operationName: row.name,
    references: [
      ...(row.parentSpanId === '' ? [] : [{ refType: 'CHILD_OF', traceID: row.traceId, spanID: row.parentSpanId }]),
      ...row.linkTraceIds.map((traceID, at) => ({ refType: 'FOLLOWS_FROM', traceID, spanID: row.linkSpanIds[at] })),
    ],
    startTime: toMicros(row.startNs),
    duration: toMicros(row.durationNs),
    tags: [...tagsOf(row.attributePairs, row.attributeTypes), ...ownTags(row)],
    logs: row.eventTimesNs.map((timeNs, at) => ({
      timestamp: toMicros(timeNs),
      fields: [
        { key: 'event', type: 'string', value: row.eventNames[at] },
        ...tagsOf(row.eventAttributes[at] ?? [], row.eventAttributeTypes[at] ?? ''),
      ],
    })),
    processID,
    warnings: null,
  };
}

/** What OTLP has as fields and Jaeger as tags (OpenTelemetry specification, "OpenTelemetry to Jaeger Transformation"). */
function ownTags(row: SpanRow): Tag[] {
  const tags: Tag[] = [];
  if (row.kind !== 0) tags.push({ key: 'span.kind', type: 'string', value: kindNames[row.kind] ?? String(row.kind) });
  if (row.statusCode !== 0) {
    tags.push({ key: 'otel.status_code', type: 'string', value: row.statusCode === 2 ? 'ERROR' : 'OK' });
  }
  if (row.statusCode === 2) tags.push({ key: 'error', type: 'bool', value: true });
  if (row.statusMessage !== '') tags.push({ key: 'otel.status_description', type: 'string', value: row.statusMessage });
  if (row.scopeName !== '') tags.push({ key: 'otel.scope.name', type: 'string', value: row.scopeName });
  if (row.scopeVersion !== '') tags.push({ key: 'otel.scope.version', type: 'string', value: row.scopeVersion });
  if (row.traceState !== '') tags.push({ key: 'w3c.tracestate', type: 'string', value: row.traceState });
  return tags;
}

function tagsOf(pairs: Pairs, types: string): Tag[] {
  return readAttributes(pairs, types).map(tagOf);
}

function tagOf({ key, type, value }: Attribute): Tag {
  switch (type) {
    case 'bool':
      return { key, type: 'bool', value: value === 'true' };
    case 'int':
      // JSON numbers beyond 2^53 would be changed by the reader; Jaeger sends those as text, too.
      return { key, type: 'int64', value: Number.isSafeInteger(Number(value)) ? Number(value) : value };
    case 'double':
      return { key, type: 'float64', value: Number.isFinite(Number(value)) ? Number(value) : value };
    case 'bytes':
      return { key, type: 'binary', value };
    case 'string':
    case 'array':
    case 'map':
    case 'empty':
      return { key, type: 'string', value };
    default:
      throw type satisfies never;
  }
}

function toMicros(ns: string): number {
  return Number(BigInt(ns) / 1000n);
}
