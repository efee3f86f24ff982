/** A call that passes a proxy is seen on both sides of it, once each, and both spans carry its request id. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollector } from '../kit/collector.ts';
import { startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { startEnvoy } from '../servers/envoy.ts';
import { startPhp } from '../servers/php.ts';
import { startNginx } from '../servers/simple.ts';
import { clientPython, envoyProgram, makeCalls } from './client.ts';
import { compareCalls } from './compare.ts';
import { captureCalls } from './configuration.ts';
import { http } from './scenarios.ts';
import { type SeenSpan, seenSpans } from './spans.ts';

const count = 60;
const concurrency = 4;

interface Route {
  /** Where the client calls, and where the proxy does. */
  port: number;
  innerPort: number;
  stop(): Promise<void>;
}

const python = await clientPython();

const routes: Record<string, () => Promise<Route>> = {
  async 'client → Envoy → nginx'() {
    const nginx = await startNginx();
    const envoy = await startEnvoy(envoyProgram, nginx.port);
    const stop = async () => {
      await envoy.stop();
      await nginx.stop();
    };
    return { port: envoy.port, innerPort: nginx.port, stop };
  },
  async 'client → nginx → php-fpm, by FastCGI'() {
    const { port, fastcgiPort, stop } = await startPhp();
    return { port, innerPort: fastcgiPort, stop };
  },
};

for (const [name, start] of Object.entries(routes)) {
  test(`${name}: ${concurrency} × ${count} calls are two spans each`, { timeout: 120_000 }, async (t) => {
    const { port, innerPort, stop } = await start();
    t.after(stop);
    const sink = await startSink(t);
    await startCollector(t, [], [captureCalls(`tcp port ${port} or tcp port ${innerPort}`, sink.httpPort)]);
    const calls = await makeCalls(python, 'http1', port, count, concurrency);
    const spans = (at: number): SeenSpan[] => seenSpans(sink).filter((span) => socketPort(span) === at);
    await until('all spans are exported', 20_000, async () => spans(innerPort).length >= calls.length).catch(() => {});
    // A call that is counted twice would come a little later.
    await sleep(1500);
    const [outer, inner] = [spans(port), spans(innerPort)];
    const report = compareCalls(http, outer, calls);
    t.diagnostic(report.summary);
    assert.deepEqual(report.wrong, []);
    assert.deepEqual([outer.length, inner.length], [calls.length, calls.length]);
    const byId = new Map(inner.map((span) => [requestId(span), span]));
    assert.equal(byId.size, calls.length);
    for (const call of calls) {
      const hop = outer.find((span) => http.matches(span, call))!;
      const next = byId.get(requestId(hop))!;
      assert.ok(http.matches(next, call), `${requestId(hop)} is ${next.name} behind the proxy`);
      assert.equal(http.status(next), call.status);
      assert.ok(
        hop.startNs <= next.startNs && next.endNs <= hop.endNs,
        `${call.target}: the second hop lies in the first`,
      );
    }
    const apart = outer.map((hop) => {
      const next = byId.get(requestId(hop))!;
      return hop.endNs - hop.startNs - (next.endNs - next.startNs);
    });
    apart.sort((a, b) => a - b);
    t.diagnostic(`first hop − second hop: median ${(apart[apart.length >> 1]! / 1000).toFixed(0)} us`);
  });
}

/** Port of the server's socket: `server.port` is what the client asked for, and a proxy passes that on. */
function socketPort({ attributes }: SeenSpan): number {
  return Number(attributes['network.local.port'] ?? attributes['server.port']);
}

function requestId(span: SeenSpan): string {
  const id = String(span.attributes['deepflow.x_request_id'] ?? '');
  assert.notEqual(id, '', `${span.name} has no request id`);
  return id;
}
