/** Traces, logs and metrics made by the OpenTelemetry SDK for Node.js, sent to a collector and to a sink at once. */
import { context, type HrTime, SpanKind, SpanStatusCode, TraceFlags, trace, ValueType } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as LogsGrpc } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as LogsJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogsProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricsGrpc } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as MetricsJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricsProto } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as TracesGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as TracesJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TracesProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { core, logs, metrics, resources, tracing } from '@opentelemetry/sdk-node';

export type Protocol = 'grpc' | 'http/protobuf' | 'http/json';

/** Where an SDK sends to: the base address of an OTLP endpoint. */
export interface Target {
  protocol: Protocol;
  /** `http://127.0.0.1:4317` */
  address: string;
}

const resource = resources.resourceFromAttributes({
  'service.name': 'checkout',
  'service.version': '1.2.3',
  'process.pid': 4711,
  'process.command_args': ['node', '--enable-source-maps', 'app.js'],
  'host.virtual': true,
  'load.average': 0.25,
});

/** Sends one of everything the SDK can say to every target, and resolves when each has acknowledged all of it. */
export async function sendSdkTraffic(targets: readonly Target[]): Promise<void> {
  await sendSpans(tee(targets.map(traceExporter)));
  await sendLogs(tee(targets.map(logExporter)));
  await sendMetrics(targets);
}

async function sendSpans(exporter: tracing.SpanExporter): Promise<void> {
  const provider = new tracing.BasicTracerProvider({
    resource,
    spanLimits: { attributeCountLimit: 12, eventCountLimit: 4, linkCountLimit: 2, attributePerEventCountLimit: 2 },
    spanProcessors: [new tracing.BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('checkout-instrumentation', '0.9.0', {
    schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
  });
  const startTime: HrTime = [1_763_600_000, 123_456_789];
  const root = tracer.startSpan('GET /basket/{id}', {
    kind: SpanKind.SERVER,
    startTime,
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': 500,
      'http.request.body.size': Number.MAX_SAFE_INTEGER,
      'numbers.negative': -42,
      'numbers.double': 1.5e-300,
      'truth.yes': true,
      'truth.no': false,
      'text.empty': '',
      'text.unicode': 'Grüße, 世界 🚀 \u0000 end',
      'list.text': ['a', '', 'c'],
      'list.numbers': [1, 2.5, -3],
      'list.truth': [true, false],
    },
    links: [
      {
        context: {
          traceId: 'a'.repeat(32),
          spanId: 'b'.repeat(16),
          traceFlags: TraceFlags.SAMPLED,
          isRemote: true,
          traceState: new core.TraceState('vendor=1,other=2'),
        },
        attributes: { 'link.reason': 'retry', 'link.count': 3 },
      },
      { context: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: TraceFlags.NONE } },
      { context: { traceId: 'e'.repeat(32), spanId: 'f'.repeat(16), traceFlags: TraceFlags.NONE } },
    ],
  });
  root.setAttribute('one.too.many', 'is dropped and counted');
  root.addEvent('cache miss', { key: 'basket:7', tries: 2, left: 'out' }, [1_763_600_000, 200_000_000]);
  root.recordException(new TypeError('basket is not iterable'), [1_763_600_000, 300_000_000]);
  for (const name of ['first', 'second', 'third']) root.addEvent(name, undefined, [1_763_600_000, 400_000_000]);
  root.setStatus({ code: SpanStatusCode.ERROR, message: 'the basket could not be read' });
  const within = trace.setSpan(context.active(), root);
  const kinds = [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
  for (const [number, kind] of kinds.entries()) {
    const child = tracer.startSpan(`step ${number}`, { kind, startTime }, within);
    child.setStatus({ code: number % 2 === 0 ? SpanStatusCode.OK : SpanStatusCode.UNSET });
    child.end([1_763_600_001, number]);
  }
  root.end([1_763_600_002, 0]);
  provider.getTracer('bare').startSpan('no attributes, no version').end();
  await provider.shutdown();
}

async function sendLogs(exporter: logs.LogRecordExporter): Promise<void> {
  const provider = new logs.LoggerProvider({ resource, processors: [new logs.BatchLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger('checkout-log', '2.0.0', { schemaUrl: 'https://opentelemetry.io/schemas/1.37.0' });
  const during = trace.setSpanContext(context.active(), {
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    traceFlags: TraceFlags.SAMPLED,
  });
  const bodies = [
    'plain text',
    '',
    42,
    -1.25,
    true,
    new Uint8Array([0, 1, 254, 255]),
    ['mixed', 1, false, null, ['nested', new Uint8Array([7])]],
    { text: 'a', number: 2, deep: { deeper: { list: [{ deepest: true }] } }, none: null, bytes: new Uint8Array(0) },
    undefined,
  ];
  for (const [number, body] of bodies.entries()) {
    logger.emit({
      body,
      severityNumber: [SeverityNumber.TRACE, SeverityNumber.INFO, SeverityNumber.FATAL4][number % 3]!,
      severityText: ['trace', 'Information', ''][number % 3]!,
      timestamp: [1_763_600_000, number],
      observedTimestamp: [1_763_600_001, 999_999_999],
      context: number % 2 === 0 ? during : context.active(),
      attributes: {
        number,
        kinds: { text: 'x', list: [1, 'two', [3.5]], bytes: new Uint8Array([1, 2, 3]) },
        'log.record.uid': `uid-${number}`,
      },
    });
  }
  logger.emit({
    eventName: 'deploy.finished',
    body: { version: '1.2.3' },
    timestamp: [1_763_600_003, 0],
    observedTimestamp: [1_763_600_003, 1],
  });
  await provider.shutdown();
}

/** Cumulative and delta, each collected once for all targets. */
async function sendMetrics(targets: readonly Target[]): Promise<void> {
  for (const temporality of [metrics.AggregationTemporality.CUMULATIVE, metrics.AggregationTemporality.DELTA]) {
    const exporter = Object.assign(tee(targets.map(metricExporter)), {
      selectAggregationTemporality: () => temporality,
    });
    const provider = new metrics.MeterProvider({
      resource,
      readers: [new metrics.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
      views: [
        { instrumentName: 'exponential.*', aggregation: { type: metrics.AggregationType.EXPONENTIAL_HISTOGRAM } },
        {
          instrumentName: 'explicit.*',
          aggregation: {
            type: metrics.AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
            options: { boundaries: [0, 5, 10.5], recordMinMax: true },
          },
        },
      ],
    });
    recordMeasurements(
      provider.getMeter('checkout-metrics', '3.1.4', { schemaUrl: 'https://opentelemetry.io/schemas/1.37.0' }),
    );
    await provider.shutdown();
  }
}

function recordMeasurements(meter: ReturnType<metrics.MeterProvider['getMeter']>): void {
  const requests = meter.createCounter('requests', {
    unit: '{request}',
    description: 'Requests served',
    valueType: ValueType.INT,
  });
  requests.add(3, { route: '/basket', code: 200 });
  requests.add(2 ** 52, { route: '/basket', code: 500 });
  meter.createCounter('bytes.sent', { unit: 'By', valueType: ValueType.DOUBLE }).add(0.5);
  meter.createUpDownCounter('connections').add(-7, { pool: 'main', tags: ['a', 'b'], primary: true, weight: 0.1 });
  meter.createGauge('temperature', { unit: 'Cel' }).record(-273.15);
  meter.createObservableGauge('observed').addCallback((result) => result.observe(1, { from: 'callback' }));
  const explicit = meter.createHistogram('explicit.delay', { unit: 'ms' });
  for (const value of [0, 4, 5, 10.5, 11, 1e9]) explicit.record(value, { route: '/basket' });
  const exponential = meter.createHistogram('exponential.delay', { unit: 's', description: 'Delay' });
  for (const value of [0, 0.001, 0.002, 1, 7, 1000]) exponential.record(value, { route: '/basket' });
}

interface Exporter<Items> {
  export(items: Items, done: (result: core.ExportResult) => void): void;
  shutdown(): Promise<void>;
}

/** One exporter that hands the same items to several, and fails when one of them fails. */
function tee<Items>(exporters: readonly Exporter<Items>[]) {
  const send = (exporter: Exporter<Items>, items: Items) =>
    new Promise<void>((resolve, reject) => {
      exporter.export(items, ({ code, error }) =>
        code === core.ExportResultCode.SUCCESS ? resolve() : reject(error ?? new Error('the export failed')),
      );
    });
  return {
    export(items: Items, done: (result: core.ExportResult) => void): void {
      Promise.all(exporters.map((exporter) => send(exporter, items))).then(
        () => done({ code: core.ExportResultCode.SUCCESS }),
        (error) => done({ code: core.ExportResultCode.FAILED, error }),
      );
    },
    shutdown: async () => {
      await Promise.all(exporters.map((exporter) => exporter.shutdown()));
    },
    forceFlush: async () => {},
  };
}

function traceExporter({ protocol, address }: Target): tracing.SpanExporter {
  if (protocol === 'grpc') return new TracesGrpc({ url: address });
  return protocol === 'http/json'
    ? new TracesJson({ url: `${address}/v1/traces` })
    : new TracesProto({ url: `${address}/v1/traces` });
}

function logExporter({ protocol, address }: Target): logs.LogRecordExporter {
  if (protocol === 'grpc') return new LogsGrpc({ url: address });
  return protocol === 'http/json'
    ? new LogsJson({ url: `${address}/v1/logs` })
    : new LogsProto({ url: `${address}/v1/logs` });
}

function metricExporter({ protocol, address }: Target): metrics.PushMetricExporter {
  if (protocol === 'grpc') return new MetricsGrpc({ url: address });
  return protocol === 'http/json'
    ? new MetricsJson({ url: `${address}/v1/metrics` })
    : new MetricsProto({ url: `${address}/v1/metrics` });
}
