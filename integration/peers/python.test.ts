/** The OpenTelemetry distro for Python, over gRPC and HTTP: traces, metrics and logs arrive in the store. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { findPlace, startPreset } from '../kit/preset.ts';
import { endpoint, rowsOf, tempoSpanNames } from './seen.ts';
import { pythonClient, run } from './toolchain.ts';

for (const protocol of ['grpc', 'http/protobuf'] as const) {
  test(`Python over ${protocol}`, async (t) => {
    const bin = await pythonClient();
    const place = await findPlace(t);
    await startPreset(t, place);
    const { stdout } = await run(
      join(bin, 'opentelemetry-instrument'),
      [join(bin, 'python'), join(import.meta.dirname, 'app.py')],
      {
        OTEL_SERVICE_NAME: 'shop-python',
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(place, protocol),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED: 'true',
      },
    );
    const traceId = stdout.trim();

    const spans = await rowsOf(
      place,
      2,
      `SELECT SpanName, SpanKind, StatusCode, SpanAttributes['order.items'] AS items, length(Events.Name) AS events
         FROM otel_traces WHERE TraceId = '${traceId}' ORDER BY SpanName`,
    );
    assert.deepEqual(spans, [
      { SpanName: 'place order', SpanKind: 'Server', StatusCode: 'Unset', items: '3', events: 0 },
      { SpanName: 'reserve stock', SpanKind: 'Internal', StatusCode: 'Error', items: '', events: 2 },
    ]);
    assert.deepEqual(await tempoSpanNames(place, traceId), ['place order', 'reserve stock']);

    const logs = await rowsOf(place, 1, `SELECT Body, SeverityText FROM otel_logs WHERE TraceId = '${traceId}'`);
    assert.deepEqual(logs, [{ Body: 'stock is low: 1 left', SeverityText: 'WARN' }]);

    const [sum] = await rowsOf<{ Value: number }>(
      place,
      1,
      `SELECT Value FROM otel_metrics_sum WHERE MetricName = 'orders' AND ServiceName = 'shop-python'`,
    );
    assert.equal(sum!.Value, 2);
    const [histogram] = await rowsOf<{ Sum: number; trace: string }>(
      place,
      1,
      `SELECT Sum, Exemplars.TraceId[1] AS trace FROM otel_metrics_histogram WHERE MetricName = 'order.delay'`,
    );
    assert.deepEqual(histogram, { Sum: 12.5, trace: traceId });
  });
}
