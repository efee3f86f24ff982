/** Real services in C, Go, Java, Python, Node.js and PHP, plain and over TLS: every call is a span once at each side, as its client made it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollector } from '../kit/collector.ts';
import { startSink } from '../kit/sink.ts';
import { createSpanReader, type SeenSpan } from '../live/spans.ts';
import { runTrueClient } from './client.ts';
import { type Comparison, compareCall, createComparison, judgeDurations, type Side } from './compare.ts';
import { traceProcesses } from './configuration.ts';
import { SpanIndex } from './matching.ts';
import { runOf, type Scenario, scenarios } from './scenarios.ts';
import { startTestShop, type TestShop } from './shop.ts';
import type { TrueCall } from './truth.ts';

/** A client's clock counts waiting for a processor too: of so many calls the duration has to be the span's. */
const punctual = 0.9;

describe('calls of real services', { timeout: 480_000 }, () => {
  let shop: TestShop;
  /** Of all that was seen so far. */
  const spans = new SpanIndex();
  let readNew: () => SeenSpan[];
  const tls = { right: 0, all: 0 };
  const cleanUps: (() => Promise<void> | void)[] = [];
  const owner = { after: (cleanUp: () => Promise<void> | void) => void cleanUps.unshift(cleanUp) };

  before(async () => {
    shop = await startTestShop(owner);
    const sink = await startSink(owner);
    readNew = createSpanReader(sink);
    await startCollector(owner, [], [traceProcesses(shop.cgroup.path, sink.httpPort)]);
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  for (const concurrency of [1, 50])
    for (const scenario of scenarios)
      test(`${scenario.name}, ${concurrency} at once`, async (t) => {
        const run = runOf(scenario, shop, concurrency);
        const { pid, calls } = await runTrueClient(shop, run);
        assert.equal(calls.length, run.count * concurrency);
        const sides = sidesOf(scenario, pid);
        const report = await settled(() => compare(calls, sides));
        const { share, summary } = judgeDurations(report);
        t.diagnostic(`${report.calls} calls; ${summary}`);
        tls.right += report.tls.right;
        tls.all += report.tls.all;
        assert.deepEqual(report.wrong.slice(0, 20), []);
        if (concurrency === 1) assert.ok(share >= punctual, summary);
      });

  test('what services ask each other and their databases is seen as they say they asked', async (t) => {
    const report = await settled(() => {
      spans.add(readNew());
      const comparison = createComparison();
      for (const service of services)
        for (const { pid, calls } of shop.truthOf(service))
          for (const call of calls) if (isTold(service, call)) compareCall(comparison, spans, call, sidesAt(call, pid));
      return comparison;
    }, 4);
    const { share, summary } = judgeDurations(report);
    t.diagnostic(`${report.calls} calls; ${summary}`);
    tls.right += report.tls.right;
    tls.all += report.tls.all;
    assert.ok(report.calls > 8000);
    assert.deepEqual(report.wrong.slice(0, 20), []);
    // Clocks of services in one thread count what else it does.
    assert.ok(share >= 0.5, summary);
  });

  test('over TLS, what is read belongs to the connection that carried it', (t) => {
    t.diagnostic(`${tls.right} of ${tls.all} calls are on the connection they were made on`);
    assert.ok(tls.all > 5000 && tls.right / tls.all >= 0.999);
  });

  function sidesOf({ server, seenAtServer }: Scenario, client: number): Side[] {
    const sides: Side[] = [{ point: 'c-p', pids: new Set([client]) }];
    if (seenAtServer !== false) sides.push({ point: 's-p', pids: shop.places[server].pids() });
    return sides;
  }

  /** Both sides of what a service asked. */
  function sidesAt({ address }: TrueCall, pid: number): Side[] {
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    const server = Object.values(shop.places).find((place) => place.port === port || place.tlsPort === port);
    return [
      { point: 'c-p', pids: new Set([pid]) },
      { point: 's-p', pids: server?.pids() ?? new Set() },
    ];
  }

  function compare(calls: readonly TrueCall[], sides: readonly Side[]): Comparison {
    spans.add(readNew());
    const comparison = createComparison();
    for (const call of calls) compareCall(comparison, spans, call, sides);
    return comparison;
  }
});

const services = ['catalog', 'inventory', 'orders', 'accounts', 'recommendations', 'storefront', 'promotions'];

/**
 * Not the calls that cannot be told from each other by a service's word: catalog's many gRPC calls at once on one connection, and the records
 * of several requests that Kafka's producer in Java sends at once.
 */
function isTold(service: string, { protocol }: TrueCall): boolean {
  switch (service) {
    case 'catalog':
      return protocol !== 'grpc';
    case 'orders':
      return protocol !== 'kafka';
    default:
      return true;
  }
}

/** The last look is taken when all is well, or after a while: what is missing then, the report tells. */
async function settled(look: () => Comparison, looks = 40): Promise<Comparison> {
  let report = look();
  for (let tries = 0; tries < looks && report.wrong.length > 0; tries++) {
    await sleep(250);
    report = look();
  }
  return report;
}
