/** Everything about one span, as the page's detail pane shows it. */
import { type Attribute, readAttributes } from '../attributes/typed.ts';
import type { SpanRow } from './span-row.ts';

export interface SpanDetail {
  spanId: string;
  parentSpanId: string;
  name: string;
  service: string;
  kind: number;
  startNs: string;
  durationNs: number;
  status: number;
  statusMessage: string;
  traceState: string;
  attributes: Attribute[];
  resource: Attribute[];
  scopeName: string;
  scopeVersion: string;
  scopeAttributes: Attribute[];
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
  events: { timeNs: string; name: string; attributes: Attribute[] }[];
  links: { traceId: string; spanId: string; attributes: Attribute[] }[];
}

export function spanDetail(row: SpanRow): SpanDetail {
  return {
    spanId: row.spanId,
    parentSpanId: row.parentSpanId,
    name: row.name,
    service: row.serviceName,
    kind: row.kind,
    startNs: row.startNs,
    durationNs: Number(row.durationNs),
    status: row.statusCode,
    statusMessage: row.statusMessage,
    traceState: row.traceState,
    attributes: readAttributes(row.attributePairs, row.attributeTypes),
    resource: readAttributes(row.resourceAttributes, row.resourceAttributeTypes),
    scopeName: row.scopeName,
    scopeVersion: row.scopeVersion,
    scopeAttributes: readAttributes(row.scopeAttributes, row.scopeAttributeTypes),
    droppedAttributes: row.droppedAttributes,
    droppedEvents: row.droppedEvents,
    droppedLinks: row.droppedLinks,
    events: row.eventTimesNs.map((timeNs, at) => ({
      timeNs,
      name: row.eventNames[at] ?? '',
      attributes: readAttributes(row.eventAttributes[at] ?? [], row.eventAttributeTypes[at] ?? ''),
    })),
    links: row.linkTraceIds.map((traceId, at) => ({
      traceId,
      spanId: row.linkSpanIds[at] ?? '',
      attributes: readAttributes(row.linkAttributes[at] ?? [], row.linkAttributeTypes[at] ?? ''),
    })),
  };
}
