/** What the tests of this folder share: spans and flow records as batches, and metrics read back by OTLP JSON. */
import { createTestClock } from '../../../component/testing/clock.ts';
import { createTestContext } from '../../../component/testing/context.ts';
import { Batch } from '../../../pdata/batch.ts';
import { jsonToWire, wireToJson } from '../../../pdata/otlp/json.ts';
import { redConfig } from '../config.ts';
import { createRedConnector } from '../red.ts';

export type Attributes = Record<string, string | number | boolean | readonly number[]>;

export interface TestSpan {
  service?: string;
  name?: string;
  kind?: number;
  /** Seconds since 1970 at which it ended. */
  end?: number;
  durationNs?: number;
  status?: number;
  attributes?: Attributes;
}

export const t0 = 1_790_000_040;

export function spanBatch(...spans: TestSpan[]): Batch<'traces'> {
  const resourceSpans = spans.map(({ service = 'shop', name = 'GET /', kind = 2, ...span }) => {
    const endNs = BigInt(Math.round((span.end ?? t0) * 1e3)) * 1_000_000n;
    const startTimeUnixNano = String(endNs - BigInt(span.durationNs ?? 1_000_000));
    return {
      resource: { attributes: keyValues({ 'service.name': service }) },
      scopeSpans: [
        {
          spans: [
            {
              name,
              kind,
              startTimeUnixNano,
              endTimeUnixNano: String(endNs),
              status: { code: span.status ?? 0 },
              attributes: keyValues(span.attributes ?? {}),
            },
          ],
        },
      ],
    };
  });
  return Batch.fromWire('traces', jsonToWire('traces', Buffer.from(JSON.stringify({ resourceSpans }))));
}

/** Flow records; `end` is LogRecord.time in seconds. */
export function flowBatch(...flows: { end?: number; eventName?: string; attributes: Attributes }[]): Batch<'logs'> {
  const logRecords = flows.map(({ end = t0, eventName = 'deepflow.flow', attributes }) => ({
    timeUnixNano: String(BigInt(Math.round(end * 1e3)) * 1_000_000n),
    eventName,
    attributes: keyValues(attributes),
  }));
  const request = { resourceLogs: [{ scopeLogs: [{ scope: { name: 'otelcol-deepflow/flow' }, logRecords }] }] };
  return Batch.fromWire('logs', jsonToWire('logs', Buffer.from(JSON.stringify(request))));
}

/** One data point, flat. */
export interface Point {
  metric: string;
  service: string;
  startSeconds: number;
  seconds: number;
  attributes: Record<string, string | boolean>;
  /** Value of a sum, count of a histogram. */
  value: number;
  histogram?: { scale: number; offset: number; counts: number[]; zeros: number; sum: number; min: number; max: number };
}

/** A connector with a clock of its own; `points` are what came out so far. */
export function createTestRed(config: Record<string, unknown> = {}, next?: () => Promise<void>) {
  const clock = createTestClock();
  const context = createTestContext(redConfig.parse({ intervals: ['1s'], ...config }), { id: 'red' });
  const points: Point[] = [];
  const connector = createRedConnector({
    context,
    clock,
    unixMs: () => t0 * 1000 + 3_600_000,
    drainMs: 1000,
    next: {
      async metrics(batch) {
        await next?.();
        for (const message of batch.wire) points.push(...pointsOf(message));
      },
    },
  });
  return { clock, context, connector, points };
}

/** The sum of a metric's values over the points whose attributes (and `service`) are those given. */
export function total(points: readonly Point[], metric: string, where: Record<string, string | boolean> = {}): number {
  return points
    .filter((point) => point.metric === metric)
    .filter((point) =>
      Object.entries(where).every(([key, value]) =>
        key === 'service' ? point.service === value : point.attributes[key] === value,
      ),
    )
    .reduce((sum, point) => sum + point.value, 0);
}

interface JsonPoint {
  startTimeUnixNano: string;
  timeUnixNano: string;
  attributes?: { key: string; value: { stringValue?: string; boolValue?: boolean } }[];
  asInt?: string;
  count?: string;
  scale?: number;
  zeroCount?: string;
  sum?: number;
  min?: number;
  max?: number;
  positive?: { offset?: number; bucketCounts?: string[] };
}

function pointsOf(message: Uint8Array): Point[] {
  const request = JSON.parse(Buffer.from(wireToJson('metrics', message)).toString());
  const found: Point[] = [];
  for (const { resource, scopeMetrics } of request.resourceMetrics) {
    const service = resource.attributes.find((one: { key: string }) => one.key === 'service.name').value.stringValue;
    for (const { metrics } of scopeMetrics) {
      for (const { name, sum, exponentialHistogram } of metrics) {
        for (const point of (sum ?? exponentialHistogram).dataPoints as JsonPoint[])
          found.push(flat(name, service, point));
      }
    }
  }
  return found;
}

function flat(metric: string, service: string, point: JsonPoint): Point {
  const attributes: Point['attributes'] = {};
  for (const { key, value } of point.attributes ?? []) attributes[key] = value.stringValue ?? value.boolValue ?? '';
  const common = {
    metric,
    service,
    startSeconds: Number(point.startTimeUnixNano) / 1e9,
    seconds: Number(point.timeUnixNano) / 1e9,
    attributes,
  };
  if (point.count === undefined) return { ...common, value: Number(point.asInt) };
  const histogram = {
    scale: point.scale ?? 0,
    offset: point.positive?.offset ?? 0,
    counts: (point.positive?.bucketCounts ?? []).map(Number),
    zeros: Number(point.zeroCount ?? 0),
    sum: point.sum!,
    min: point.min!,
    max: point.max!,
  };
  return { ...common, value: Number(point.count), histogram };
}

function keyValues(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Attributes[string]): unknown {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'number':
      return { intValue: String(value) };
    case 'boolean':
      return { boolValue: value };
    default:
      return { arrayValue: { values: value.map((one) => ({ intValue: String(one) })) } };
  }
}
