/** telemetrygen, the Collector's own load generator in Go, over gRPC and HTTP: all it says it sent is stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPlace, startPreset } from '../kit/preset.ts';
import { rowsOf, tempoSpanNames } from './seen.ts';
import { run, telemetrygen } from './toolchain.ts';

for (const protocol of ['grpc', 'http/protobuf'] as const) {
  test(`telemetrygen over ${protocol}`, async (t) => {
    const program = await telemetrygen();
    const place = await findPlace(t);
    await startPreset(t, place);
    const target =
      protocol === 'grpc'
        ? ['--otlp-endpoint', `127.0.0.1:${place.grpcPort}`]
        : ['--otlp-http', '--otlp-endpoint', `127.0.0.1:${place.httpPort}`];
    for (const signal of ['traces', 'metrics', 'logs']) {
      await run(program, [
        signal,
        `--${signal}`,
        '25',
        '--rate',
        '0',
        '--service',
        'gen',
        '--otlp-insecure',
        ...target,
      ]);
    }

    // Each trace is a parent and a child.
    const spans = await rowsOf<{ TraceId: string }>(
      place,
      50,
      `SELECT TraceId FROM otel_traces WHERE ServiceName = 'gen'`,
    );
    assert.equal(spans.length, 50);
    assert.equal((await tempoSpanNames(place, spans[0]!.TraceId)).length, 2);
    assert.equal((await rowsOf(place, 25, `SELECT Body FROM otel_logs WHERE ServiceName = 'gen'`)).length, 25);
    assert.equal(
      (await rowsOf(place, 25, `SELECT Value FROM otel_metrics_gauge WHERE ServiceName = 'gen'`)).length,
      25,
    );
  });
}
