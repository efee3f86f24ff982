/** One stored span, whole, as it is read from `spans`. */
import { hexArray, hexOrEmpty } from '../../clickhouse/tables/sql.ts';
import { type Pairs, selectPairLists, selectPairs } from '../attributes/typed.ts';

/** 64-bit numbers and nanoseconds are text; ids are hex, empty when there is none. */
export interface SpanRow {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  kind: number;
  startNs: string;
  durationNs: string;
  statusCode: number;
  statusMessage: string;
  serviceName: string;
  attributePairs: Pairs;
  attributeTypes: string;
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
  resourceAttributes: Pairs;
  resourceAttributeTypes: string;
  resourceDroppedAttributes: number;
  resourceSchemaUrl: string;
  scopeName: string;
  scopeVersion: string;
  scopeAttributes: Pairs;
  scopeAttributeTypes: string;
  scopeDroppedAttributes: number;
  scopeSchemaUrl: string;
  eventTimesNs: string[];
  eventNames: string[];
  eventAttributes: Pairs[];
  eventAttributeTypes: string[];
  eventDroppedAttributes: number[];
  linkTraceIds: string[];
  linkSpanIds: string[];
  linkTraceStates: string[];
  linkFlags: number[];
  linkAttributes: Pairs[];
  linkAttributeTypes: string[];
  linkDroppedAttributes: number[];
}

/** What to SELECT FROM spans to get a {@link SpanRow}. No alias may be the name of another column: conditions would see it. */
export const spanRowColumns = `
  ${hexOrEmpty('trace_id')} AS traceId,
  ${hexOrEmpty('span_id')} AS spanId,
  ${hexOrEmpty('parent_span_id')} AS parentSpanId,
  trace_state AS traceState,
  flags,
  name,
  kind,
  toUnixTimestamp64Nano(start_time) AS startNs,
  duration_ns AS durationNs,
  status_code AS statusCode,
  status_message AS statusMessage,
  service_name AS serviceName,
  ${selectPairs('attributes')} AS attributePairs,
  attribute_types AS attributeTypes,
  dropped_attributes_count AS droppedAttributes,
  dropped_events_count AS droppedEvents,
  dropped_links_count AS droppedLinks,
  ${selectPairs('resource_attributes')} AS resourceAttributes,
  resource_attribute_types AS resourceAttributeTypes,
  resource_dropped_attributes_count AS resourceDroppedAttributes,
  resource_schema_url AS resourceSchemaUrl,
  scope_name AS scopeName,
  scope_version AS scopeVersion,
  ${selectPairs('scope_attributes')} AS scopeAttributes,
  scope_attribute_types AS scopeAttributeTypes,
  scope_dropped_attributes_count AS scopeDroppedAttributes,
  scope_schema_url AS scopeSchemaUrl,
  arrayMap(t -> toUnixTimestamp64Nano(t), events_time) AS eventTimesNs,
  events_name AS eventNames,
  ${selectPairLists('events_attributes')} AS eventAttributes,
  events_attribute_types AS eventAttributeTypes,
  events_dropped_attributes_count AS eventDroppedAttributes,
  ${hexArray('links_trace_id')} AS linkTraceIds,
  ${hexArray('links_span_id')} AS linkSpanIds,
  links_trace_state AS linkTraceStates,
  links_flags AS linkFlags,
  ${selectPairLists('links_attributes')} AS linkAttributes,
  links_attribute_types AS linkAttributeTypes,
  links_dropped_attributes_count AS linkDroppedAttributes`;
