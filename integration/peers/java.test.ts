/** The OpenTelemetry agent for Java, over gRPC and HTTP: an app without instrumentation is seen in all signals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPlace, startPreset } from '../kit/preset.ts';
import { endpoint, rowsOf, tempoSpanNames } from './seen.ts';
import { javaAgent, javaApp, run } from './toolchain.ts';

for (const protocol of ['grpc', 'http/protobuf'] as const) {
  test(`Java over ${protocol}`, async (t) => {
    const agent = await javaAgent();
    const place = await findPlace(t);
    await startPreset(t, place);
    await run('java', [`-javaagent:${agent}`, '-cp', await javaApp(), 'App'], {
      OTEL_SERVICE_NAME: 'shop-java',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(place, protocol),
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_METRIC_EXPORT_INTERVAL: '500',
    });

    const spans = await rowsOf<{ TraceId: string; SpanKind: string; route: string }>(
      place,
      2,
      `SELECT TraceId, SpanKind, SpanAttributes['http.request.method'] AS method
         FROM otel_traces WHERE ServiceName = 'shop-java' ORDER BY SpanKind`,
    );
    const traceId = spans[0]!.TraceId;
    assert.deepEqual(spans, [
      { TraceId: traceId, SpanKind: 'Client', method: 'GET' },
      { TraceId: traceId, SpanKind: 'Server', method: 'GET' },
    ]);
    assert.equal((await tempoSpanNames(place, traceId)).length, 2);

    const logs = await rowsOf(place, 1, `SELECT Body FROM otel_logs WHERE TraceId = '${traceId}'`);
    assert.deepEqual(logs, [{ Body: 'the basket is empty' }]);

    const histograms = await rowsOf<{ MetricName: string }>(
      place,
      2,
      `SELECT DISTINCT MetricName FROM otel_metrics_histogram WHERE ServiceName = 'shop-java' AND MetricName LIKE 'http%' ORDER BY MetricName`,
    );
    assert.deepEqual(
      histograms.map((row) => row.MetricName),
      ['http.client.request.duration', 'http.server.request.duration'],
    );
  });
}
