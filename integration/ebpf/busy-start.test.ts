/** A collector that starts, or starts again, on a host that is busy: calls over connections that were there before, and over new ones, are seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollector } from '../kit/collector.ts';
import { startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { createSpanReader } from '../live/spans.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';
import { type Load, startBusyHost } from './busy-load.ts';
import { compareCall, createComparison } from './compare.ts';
import { traceProcesses } from './configuration.ts';
import { SpanIndex, text } from './matching.ts';
import type { TrueCall } from './truth.ts';

const points = ['c-p', 's-p'] as const;

test('a collector that starts while servers are busy sees their calls, over connections old and new, and so does the next', {
  skip: whatIsMissing(['go', 'python3', 'nginx', 'redis-server']) || false,
  timeout: 240_000,
}, async (t) => {
  // What was started last ends first.
  const cleanUps: (() => Promise<void> | void)[] = [];
  const owner = { after: (cleanUp: () => Promise<void> | void) => void cleanUps.unshift(cleanUp) };
  t.after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });
  const { cgroup, loads } = await startBusyHost(owner);
  await until('all clients ask', 20_000, async () => loads.every((load) => load.calls().length > 100));

  for (const start of ['first', 'second']) {
    const sink = await startSink(owner);
    const collector = await startCollector(owner, [], [traceProcesses(cgroup.path, sink.httpPort)]);
    const spans = new SpanIndex();
    const read = createSpanReader(sink);
    const old = new Map(loads.map((load) => [load, new Set(load.calls().map((call) => call.localPort))]));
    const isOld = (load: Load, call: TrueCall) => old.get(load)!.has(call.localPort);

    await judge(`${start} start, connections that were there`, isOld);
    if (start === 'first') {
      for (const load of loads) load.open();
      await judge(`${start} start, connections after it`, (load, call) => !isOld(load, call));
    }
    await collector.stop();

    /** Calls of all loads from when each load was seen at both ends until a few seconds later. */
    async function judge(what: string, isMeant: (load: Load, call: TrueCall) => boolean): Promise<void> {
      const since = Date.now() * 1e6;
      const meant = (load: Load) => load.calls().filter((call) => call.start >= since && isMeant(load, call));
      await until('a call of each at both ends', 20_000, async () => {
        spans.add(read());
        return loads.every((load) => points.every((point) => meant(load).some((call) => isSeen(call, point))));
      }).catch(() => {});
      await sleep(500);
      const from = Date.now() * 1e6;
      await sleep(2500);
      const to = Date.now() * 1e6;
      const calls = loads.map((load) => laterCalls(meant(load).filter(({ start, end }) => start >= from && end < to)));
      let wrong: string[] = [];
      await until('all calls as they were made', 8000, async () => {
        spans.add(read());
        wrong = loads.flatMap((load, index) => mistakes(load, calls[index]!));
        return wrong.length === 0;
      }).catch(() => {});
      t.diagnostic(`${what}: ${calls.map(({ length }) => length).join(' + ')} calls`);
      assert.deepEqual(wrong, [], what);
    }

    function isSeen(call: TrueCall, point: string): boolean {
      return spans.find(call).some((span) => text(span, 'deepflow.observation_point') === point);
    }

    /** What is wrong of a load: more than one in a hundred calls, or a connection of which nothing is seen. */
    function mistakes(load: Load, calls: readonly TrueCall[]): string[] {
      const wrong = calls.length < 20 ? [`${load.name}: only ${calls.length} calls`] : [];
      for (const point of points) {
        const comparison = createComparison();
        const pids = point === 'c-p' ? load.clients : load.servers();
        for (const call of calls) compareCall(comparison, spans, call, [{ point, pids }]);
        const share = comparison.wrong.length / calls.length;
        if (share > 0.01) wrong.push(`${load.name}: ${(share * 100).toFixed(1)} % wrong, as ${comparison.wrong[0]}`);
        for (const [port, made] of Map.groupBy(calls, (call) => call.localPort))
          if (!made.some((call) => isSeen(call, point)))
            wrong.push(`${load.name}: nothing of the ${made.length} calls on connection ${port} at ${point}`);
      }
      return wrong;
    }
  }
});

/** Without the first over each connection: a thread that waits for it in OpenSSL may have begun to before the probes were there. */
function laterCalls(calls: readonly TrueCall[]): TrueCall[] {
  const used = new Set<number>();
  return calls.filter(({ localPort }) => used.has(localPort) || !used.add(localPort));
}
