/** Small requests that the OpenTelemetry SDK for Node.js makes, the same bytes every time, to start from. */
import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { logs, metrics, resources, tracing } from '@opentelemetry/sdk-node';
import type { Signal } from '../../pdata/batch.ts';

const resource = resources.resourceFromAttributes({ 'service.name': 'shop', 'process.pid': 7 });
const attributes = { text: 'Grüße 🚀', whole: -42, real: 1.5, yes: true, list: ['a', 'b'] };
const startTime: HrTime = [1_763_600_000, 123_456_789];

/** Requests by signal; no SDK makes profiles. */
export async function sdkRequests(): Promise<Record<Signal, Uint8Array[]>> {
  return { traces: traces(), logs: logRecords(), metrics: await points(), profiles: [] };
}

function traces(): Uint8Array[] {
  const exporter = new tracing.InMemorySpanExporter();
  const spanProcessors = [new tracing.SimpleSpanProcessor(exporter)];
  let ids = 0;
  const idGenerator = {
    generateTraceId: () => `${++ids}`.padStart(32, 'a'),
    generateSpanId: () => `${++ids}`.padStart(16, 'b'),
  };
  const provider = new tracing.BasicTracerProvider({ resource, spanProcessors, idGenerator });
  const tracer = provider.getTracer('fuzz', '1.0');
  const span = tracer.startSpan('GET /', { kind: SpanKind.SERVER, startTime, attributes });
  span.addLink({ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }, attributes });
  span.addEvent('retry', { tries: 2 }, startTime);
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
  span.end(startTime);
  tracer.startSpan('plain', { startTime }).end(startTime);
  const spans = exporter.getFinishedSpans();
  return [[spans[0]!], [spans[1]!], spans].map((some) => ProtobufTraceSerializer.serializeRequest(some)!);
}

function logRecords(): Uint8Array[] {
  const exporter = new logs.InMemoryLogRecordExporter();
  const processors = [new logs.SimpleLogRecordProcessor({ exporter })];
  const logger = new logs.LoggerProvider({ resource, processors }).getLogger('fuzz');
  const times = { timestamp: startTime, observedTimestamp: startTime };
  logger.emit({ ...times, body: 'plain', severityNumber: 9, severityText: 'INFO' });
  logger.emit({ ...times, body: { map: { list: [1, 'a', null, true], raw: new Uint8Array([0, 255]) } }, attributes });
  logger.emit({ ...times, eventName: 'click', attributes: { deep: { a: { b: { c: [[['d']]] } } } } });
  const records = exporter.getFinishedLogRecords();
  return [...records.map((record) => [record]), records].map((some) => ProtobufLogsSerializer.serializeRequest(some)!);
}

async function points(): Promise<Uint8Array[]> {
  const requests: Uint8Array[] = [];
  for (const temporality of [metrics.AggregationTemporality.DELTA, metrics.AggregationTemporality.CUMULATIVE]) {
    const exporter = new metrics.InMemoryMetricExporter(temporality);
    const reader = new metrics.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const aggregation = { type: metrics.AggregationType.EXPONENTIAL_HISTOGRAM } as const;
    const views = [{ instrumentName: 'exponential', aggregation }];
    const provider = new metrics.MeterProvider({ resource, readers: [reader], views });
    const meter = provider.getMeter('fuzz', '1.0');
    meter.createCounter('count', { unit: '1', description: 'of things' }).add(3, attributes);
    meter.createUpDownCounter('level').add(-2.5);
    meter.createHistogram('explicit').record(12, { a: 1 });
    const exponential = meter.createHistogram('exponential');
    for (const value of [0, 0.1, 5, 700]) exponential.record(value);
    meter.createObservableGauge('gauge').addCallback((result) => result.observe(0.5));
    await reader.forceFlush();
    const made = exporter.getMetrics();
    for (const { resource: from, scopeMetrics } of made) {
      for (const { scope, metrics: all } of scopeMetrics) {
        for (const metric of all) {
          for (const point of metric.dataPoints) Object.assign(point, { startTime, endTime: startTime });
          const one = { resource: from, scopeMetrics: [{ scope, metrics: [metric] }] };
          requests.push(ProtobufMetricsSerializer.serializeRequest(one)!);
        }
      }
    }
    await provider.shutdown();
  }
  return requests;
}
