/** Writes rows of a test into the store as SQL values, independently of the exporter's encoding. */
import type { ClickHouseClient } from '@clickhouse/client';
import { literal } from '../../clickhouse/quote.ts';

/** Value, and its type letter as stored; plain text is a string. */
export type TestAttributes = Record<string, string | readonly [value: string, letter: string]>;

export interface TestSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  service: string;
  name: string;
  kind?: number;
  startNs: bigint;
  durationNs: number;
  status?: number;
  statusMessage?: string;
  attributes?: TestAttributes;
  resource?: TestAttributes;
  scope?: { name: string; version: string };
  events?: { timeNs: bigint; name: string; attributes?: TestAttributes }[];
  links?: { traceId: string; spanId: string; attributes?: TestAttributes }[];
}

export async function insertSpans(client: ClickHouseClient, spans: readonly TestSpan[]): Promise<void> {
  const columns = [
    'received_date, start_time, duration_ns, trace_id, span_id, parent_span_id, name, kind, service_name',
    'resource_attributes, resource_attribute_types, scope_name, scope_version, attributes, attribute_types',
    'status_code, status_message, events_time, events_name, events_attributes, events_attribute_types',
    'events_dropped_attributes_count, links_trace_id, links_span_id, links_trace_state, links_flags',
    'links_attributes, links_attribute_types, links_dropped_attributes_count',
  ].join(', ');
  for (let from = 0; from < spans.length; from += 500) {
    const rows = spans.slice(from, from + 500).map(spanValues);
    await client.command({ query: `INSERT INTO otel.spans (${columns}) VALUES ${rows.join(', ')}` });
  }
}

function spanValues(span: TestSpan): string {
  const resource = { 'service.name': span.service, ...span.resource };
  const events = span.events ?? [];
  const links = span.links ?? [];
  return `(${[
    'today()',
    time(span.startNs),
    span.durationNs,
    `unhex('${span.traceId}')`,
    `unhex('${span.spanId}')`,
    span.parentSpanId === undefined ? "toFixedString('', 8)" : `unhex('${span.parentSpanId}')`,
    literal(span.name),
    span.kind ?? 1,
    literal(span.service),
    ...attributes(resource),
    literal(span.scope?.name ?? ''),
    literal(span.scope?.version ?? ''),
    ...attributes(span.attributes),
    span.status ?? 0,
    literal(span.statusMessage ?? ''),
    list(events.map((event) => time(event.timeNs))),
    list(events.map((event) => literal(event.name))),
    list(events.map((event) => attributes(event.attributes)[0]!)),
    list(events.map((event) => attributes(event.attributes)[1]!)),
    list(events.map(() => '0')),
    list(links.map((link) => `unhex('${link.traceId}')`)),
    list(links.map((link) => `unhex('${link.spanId}')`)),
    list(links.map(() => "''")),
    list(links.map(() => '0')),
    list(links.map((link) => attributes(link.attributes)[0]!)),
    list(links.map((link) => attributes(link.attributes)[1]!)),
    list(links.map(() => '0')),
  ].join(', ')})`;
}

export interface TestLog {
  timeNs: bigint;
  service: string;
  body: string;
  severity?: number;
  severityText?: string;
  traceId?: string;
  spanId?: string;
  attributes?: TestAttributes;
}

export async function insertLogs(client: ClickHouseClient, logs: readonly TestLog[]): Promise<void> {
  const columns =
    'received_date, time, observed_time, has_time, service_name, body, body_type, severity_number, severity_text, trace_id, span_id, attributes, attribute_types, resource_attributes, resource_attribute_types';
  for (let from = 0; from < logs.length; from += 500) {
    const rows = logs.slice(from, from + 500).map((log) => {
      const values = [
        'today()',
        time(log.timeNs),
        time(log.timeNs),
        'true',
        literal(log.service),
        literal(log.body),
        "'s'",
        log.severity ?? 9,
        literal(log.severityText ?? ''),
        log.traceId === undefined ? "toFixedString('', 16)" : `unhex('${log.traceId}')`,
        log.spanId === undefined ? "toFixedString('', 8)" : `unhex('${log.spanId}')`,
        ...attributes(log.attributes),
        ...attributes({ 'service.name': log.service }),
      ];
      return `(${values.join(', ')})`;
    });
    await client.command({ query: `INSERT INTO otel.logs (${columns}) VALUES ${rows.join(', ')}` });
  }
}

export interface TestSeries {
  id: number;
  name: string;
  type: 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';
  unit?: string;
  description?: string;
  temporality?: number;
  monotonic?: boolean;
  service: string;
  attributes?: TestAttributes;
}

export async function insertSeries(client: ClickHouseClient, series: readonly TestSeries[]): Promise<void> {
  const rows = series.map((one) => {
    const values = [
      'today()',
      one.id,
      literal(one.name),
      `'${one.type}'`,
      literal(one.unit ?? ''),
      literal(one.description ?? ''),
      one.temporality ?? 0,
      one.monotonic === true,
      literal(one.service),
      ...attributes({ 'service.name': one.service }),
      ...attributes(one.attributes),
    ];
    return `(${values.join(', ')})`;
  });
  await client.command({
    query: `INSERT INTO otel.series (received_date, id, metric_name, type, unit, description, temporality, is_monotonic, service_name, resource_attributes, resource_attribute_types, attributes, attribute_types) VALUES ${rows.join(', ')}`,
  });
}

/** SQL of a time. */
export function time(ns: bigint): string {
  return `fromUnixTimestamp64Nano(toInt64(${ns}))`;
}

function attributes(of: TestAttributes = {}): [map: string, types: string] {
  const entries = Object.entries(of).map(([key, value]) => [
    key,
    ...(typeof value === 'string' ? [value, 's'] : value),
  ]);
  const pairs = entries.flatMap(([key, value]) => [literal(key!), literal(value!)]);
  const map = pairs.length === 0 ? "CAST(map(), 'Map(LowCardinality(String), String)')" : `map(${pairs.join(', ')})`;
  return [map, `'${entries.map(([, , letter]) => letter).join('')}'`];
}

function list(values: readonly string[]): string {
  return `[${values.join(', ')}]`;
}
