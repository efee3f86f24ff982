/** Sockets used as badly as can be: the collector goes on, no parser makes a mistake, and what was right is told right. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { childrenOf, startCollector } from '../../kit/collector.ts';
import { freePorts } from '../../kit/ports.ts';
import { startSink } from '../../kit/sink.ts';
import { until } from '../../kit/wait.ts';
import { seenSpans } from '../../live/spans.ts';
import { traceHarm } from './configuration.ts';
import { startEcho } from './echo-server.ts';
import { createPlace, whatPlaceNeeds } from './place.ts';

const missing = whatPlaceNeeds(['nginx', 'python3']);

test('resets, half-closed connections, lies about lengths, changing protocols, pipelining', {
  skip: missing || false,
  timeout: 60_000,
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.stop());
  const place = createPlace(t);
  for (const pid of [echo.pid, ...childrenOf(echo.pid)]) place.move(pid);
  const sink = await startSink(t);
  const [metricsPort, reusedPort] = await freePorts(2);
  const collector = await startCollector(
    t,
    [],
    [traceHarm({ cgroup: place.cgroup, sinkPort: sink.httpPort, metricsPort: metricsPort! })],
  );
  const script = join(import.meta.dirname, 'bad-sockets.py');
  await place.run('python3', [script, String(echo.port), String(reusedPort)]);

  const pathsOf = (point: string, pattern: RegExp): string[] =>
    seenSpans(sink)
      .filter(
        ({ attributes: { 'deepflow.observation_point': at, 'deepflow.call.outcome': outcome } }) =>
          at === point && outcome === 'answered',
      )
      .map(({ attributes }) => String(attributes['url.path']))
      .filter((path) => pattern.test(path));
  const wanted = { pipelined: 40, reused: 30 };
  await until('the last calls', 10_000, async () =>
    ['c-p', 's-p'].every((point) => pathsOf(point, /^\/pipelined-/).length >= wanted.pipelined),
  ).catch(() => undefined);
  for (const point of ['c-p', 's-p'])
    for (const [name, count] of Object.entries(wanted))
      assert.deepEqual(
        pathsOf(point, new RegExp(`^/${name}-`)),
        Array.from({ length: count }, (_, i) => `/${name}-${i}`),
        point,
      );
  assert.equal(pathsOf('c-p', /^\/half-closed/).length, 20);
  assert.equal(pathsOf('s-p', /^\/half-closed/).length, 20);
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const counter = (name: string) =>
    Number(new RegExp(`^otelcol_receiver_ebpf_${name}_total\\{[^}]*\\} (\\S+)$`, 'm').exec(metrics)?.[1] ?? -1);
  t.diagnostic(
    `${seenSpans(sink).length} spans, ${counter('unrecognised_connections')} connections of no known protocol`,
  );
  assert.equal(counter('parser_failures'), 0, collector.output());
  assert.equal(counter('lost_events'), 0);
});
