/** Calls of real clients to real servers, captured live on loopback: each is there once, with method, target, status and time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollector } from '../kit/collector.ts';
import { startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { type ClientCall, clientPython, makeCalls } from './client.ts';
import { compareCalls } from './compare.ts';
import { captureCalls } from './configuration.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import { type SeenSpan, seenSpans } from './spans.ts';

if (process.getuid?.() !== 0) throw new Error('these tests capture packets: run them as root (CAP_NET_RAW is needed)');

const python = await clientPython();

for (const scenario of scenarios) {
  const { name, count, concurrency } = scenario;
  test(`${name}: ${concurrency} × ${count} calls are seen once each, as the client saw them`, {
    timeout: 300_000,
  }, async (t) => {
    const server = await scenario.start();
    t.after(() => server.stop());
    if (scenario.setup !== undefined) await makeCalls(python, scenario.setup, server.port, 1, 1);
    const sink = await startSink(t);
    await startCollector(t, [], [captureCalls(`${scenario.transport ?? 'tcp'} port ${server.port}`, sink.httpPort)]);
    const client = scenario.client ?? ((_, ...args) => makeCalls(python, name, server.port, ...args));
    const calls = await client(server, count, concurrency);
    assert.equal(calls.length, count * concurrency);
    const spans = (): SeenSpan[] =>
      seenSpans(sink).filter(({ attributes }) => Number(attributes['server.port']) === server.port);
    // What is missing after that time, the report tells better.
    await until(
      `${calls.length} calls are exported`,
      20_000,
      async () => found(scenario, spans(), calls) >= calls.length,
    ).catch(() => undefined);
    // A call that is counted twice would come a little later.
    await sleep(1500);
    const report = compareCalls(scenario, spans(), calls);
    t.diagnostic(report.summary);
    assert.deepEqual(report.wrong, []);
  });
}

function found({ matches }: Scenario, spans: readonly SeenSpan[], calls: readonly ClientCall[]): number {
  let count = 0;
  for (const call of calls) if (spans.some((span) => matches(span, call))) count++;
  return count;
}
