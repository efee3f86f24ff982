/** Stored spans as OTLP JSON: grouped by resource and scope again, as an SDK would have sent them. */
import { type KeyValue, keyValues } from '../attributes/otlp-json.ts';
import { type Pairs, readAttributes } from '../attributes/typed.ts';
import type { SpanRow } from './span-row.ts';

/** How ids are written: OTLP JSON says hex, Tempo's JSON answers have base64. */
export type IdEncoding = 'hex' | 'base64';

interface OtlpSpan extends Record<string, unknown> {
  traceId: string;
  spanId: string;
}

export interface ScopeSpans {
  scope: Record<string, unknown>;
  schemaUrl?: string;
  spans: OtlpSpan[];
}

export interface ResourceSpans {
  resource: { attributes: KeyValue[]; droppedAttributesCount?: number };
  schemaUrl?: string;
  scopeSpans: ScopeSpans[];
}

export function resourceSpans(rows: readonly SpanRow[], ids: IdEncoding = 'hex'): ResourceSpans[] {
  const resources = new Map<string, { spans: ResourceSpans; scopes: Map<string, ScopeSpans> }>();
  for (const row of rows) {
    const resourceKey = JSON.stringify([row.resourceAttributes, row.resourceAttributeTypes, row.resourceSchemaUrl]);
    let resource = resources.get(resourceKey);
    if (resource === undefined) {
      resource = { spans: resourceOf(row), scopes: new Map() };
      resources.set(resourceKey, resource);
    }
    const scopeKey = JSON.stringify([row.scopeName, row.scopeVersion, row.scopeAttributes, row.scopeSchemaUrl]);
    let scope = resource.scopes.get(scopeKey);
    if (scope === undefined) {
      scope = scopeOf(row);
      resource.scopes.set(scopeKey, scope);
      resource.spans.scopeSpans.push(scope);
    }
    scope.spans.push(spanOf(row, ids));
  }
  return [...resources.values()].map(({ spans }) => spans);
}

function resourceOf(row: SpanRow): ResourceSpans {
  return {
    resource: {
      attributes: attributesOf(row.resourceAttributes, row.resourceAttributeTypes),
      ...(row.resourceDroppedAttributes > 0 && { droppedAttributesCount: row.resourceDroppedAttributes }),
    },
    ...(row.resourceSchemaUrl !== '' && { schemaUrl: row.resourceSchemaUrl }),
    scopeSpans: [],
  };
}

function scopeOf(row: SpanRow): ScopeSpans {
  return {
    scope: {
      name: row.scopeName,
      ...(row.scopeVersion !== '' && { version: row.scopeVersion }),
      ...(row.scopeAttributes.length > 0 && { attributes: attributesOf(row.scopeAttributes, row.scopeAttributeTypes) }),
      ...(row.scopeDroppedAttributes > 0 && { droppedAttributesCount: row.scopeDroppedAttributes }),
    },
    ...(row.scopeSchemaUrl !== '' && { schemaUrl: row.scopeSchemaUrl }),
    spans: [],
  };
}

function spanOf(row: SpanRow, ids: IdEncoding): OtlpSpan {
  const startNs = BigInt(row.startNs);
  return {
    traceId: encodeId(row.traceId, ids),
    spanId: encodeId(row.spanId, ids),
    ...(row.parentSpanId !== '' && { parentSpanId: encodeId(row.parentSpanId, ids) }),
    ...(row.traceState !== '' && { traceState: row.traceState }),
    ...(row.flags !== 0 && { flags: row.flags }),
    name: row.name,
    kind: row.kind,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + BigInt(row.durationNs)),
    attributes: attributesOf(row.attributePairs, row.attributeTypes),
    ...(row.droppedAttributes > 0 && { droppedAttributesCount: row.droppedAttributes }),
    ...(row.eventTimesNs.length > 0 && { events: eventsOf(row) }),
    ...(row.droppedEvents > 0 && { droppedEventsCount: row.droppedEvents }),
    ...(row.linkTraceIds.length > 0 && { links: linksOf(row, ids) }),
    ...(row.droppedLinks > 0 && { droppedLinksCount: row.droppedLinks }),
    status: {
      ...(row.statusCode !== 0 && { code: row.statusCode }),
      ...(row.statusMessage !== '' && { message: row.statusMessage }),
    },
  };
}

function eventsOf(row: SpanRow): object[] {
  return row.eventTimesNs.map((timeUnixNano, at) => ({
    timeUnixNano,
    name: row.eventNames[at],
    attributes: attributesOf(row.eventAttributes[at] ?? [], row.eventAttributeTypes[at] ?? ''),
    ...((row.eventDroppedAttributes[at] ?? 0) > 0 && { droppedAttributesCount: row.eventDroppedAttributes[at] }),
  }));
}

function linksOf(row: SpanRow, ids: IdEncoding): object[] {
  return row.linkTraceIds.map((traceId, at) => ({
    traceId: encodeId(traceId, ids),
    spanId: encodeId(row.linkSpanIds[at] ?? '', ids),
    ...(row.linkTraceStates[at] !== '' && { traceState: row.linkTraceStates[at] }),
    ...(row.linkFlags[at] !== 0 && { flags: row.linkFlags[at] }),
    attributes: attributesOf(row.linkAttributes[at] ?? [], row.linkAttributeTypes[at] ?? ''),
    ...((row.linkDroppedAttributes[at] ?? 0) > 0 && { droppedAttributesCount: row.linkDroppedAttributes[at] }),
  }));
}

function encodeId(hex: string, ids: IdEncoding): string {
  return ids === 'hex' ? hex : Buffer.from(hex, 'hex').toString('base64');
}

function attributesOf(pairs: Pairs, types: string): KeyValue[] {
  return keyValues(readAttributes(pairs, types));
}
