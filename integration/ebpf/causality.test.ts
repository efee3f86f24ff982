/** The requests a service answers and the calls it makes for them carry evidence that joins them; how well, by the service's own word. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollector } from '../kit/collector.ts';
import { startSink } from '../kit/sink.ts';
import { createSpanReader, type SeenSpan } from '../live/spans.ts';
import {
  type Join,
  joinByCoroutine,
  joinByGoroutine,
  joinByThread,
  precisionOf,
  recallOf,
  score,
} from './causality.ts';
import { runTrueClient } from './client.ts';
import { traceProcesses } from './configuration.ts';
import { SpanIndex, text } from './matching.ts';
import { type PlaceName, startTestShop, type TestShop } from './shop.ts';

interface Runtime {
  name: string;
  service: PlaceName;
  /** How it is called; HTTP/1 when left out. */
  protocol?: 'http2' | 'grpc';
  overTls?: boolean;
  /** How the service calls itself in its truth. */
  truth: string;
  paths: readonly string[];
  join: (spans: readonly SeenSpan[]) => Join;
  /** Calls that a library makes from a thread of its own, so that nothing of the request's thread is on them. */
  without?: readonly string[];
  /** Precision and recall have to be so at least; without, they are only printed. */
  atLeast?: number;
}

const goroutine = (): Join => joinByGoroutine;
const coroutine = (): Join => joinByCoroutine;
const checkout = ['POST /orders', 'GET /orders/1'];

const runtimes: readonly Runtime[] = [
  {
    name: 'Java, threads',
    service: 'orders',
    truth: 'orders',
    paths: checkout,
    join: joinByThread,
    without: ['kafka'],
    atLeast: 0.99,
  },
  {
    name: 'Python, threads',
    service: 'accounts',
    truth: 'accounts',
    paths: ['GET /accounts/3', 'GET /accounts/4'],
    join: joinByThread,
    atLeast: 0.99,
  },
  {
    name: 'PHP, processes',
    service: 'promotions',
    truth: 'promotions',
    paths: ['GET /promotions/3'],
    join: joinByThread,
    atLeast: 0.99,
  },
  {
    name: 'Go',
    service: 'catalog',
    truth: 'catalog',
    paths: ['GET /products/7', 'GET /products/8'],
    join: goroutine,
    without: ['grpc'],
    atLeast: 0.99,
  },
  {
    name: 'Go, with gRPC',
    service: 'catalog',
    truth: 'catalog',
    paths: ['GET /products/9'],
    join: goroutine,
    atLeast: 0.99,
  },
  {
    name: 'Go, gRPC server',
    service: 'catalog',
    truth: 'inventory',
    paths: ['GET /products/10'],
    join: goroutine,
    atLeast: 0.99,
  },
  {
    name: 'Go, HTTP/2 server with gRPC',
    service: 'catalog',
    protocol: 'http2',
    truth: 'catalog',
    paths: ['GET /products/11'],
    join: goroutine,
    atLeast: 0.99,
  },
  {
    name: 'Go, HTTP/2 client',
    service: 'catalog',
    truth: 'catalog',
    paths: ['POST /products/12/sold'],
    join: goroutine,
    atLeast: 0.99,
  },
  {
    name: 'Go, HTTP/2 server',
    service: 'catalog',
    truth: 'inventory',
    paths: ['POST /products/13/sold'],
    join: goroutine,
    atLeast: 0.99,
  },
  {
    name: 'Go, HTTP/2 server over TLS',
    service: 'catalog',
    protocol: 'http2',
    overTls: true,
    truth: 'catalog',
    paths: ['POST /products/17/sold'],
    join: goroutine,
    atLeast: 0.99,
  },
  {
    name: 'Go, gRPC server over TLS',
    service: 'inventory',
    protocol: 'grpc',
    overTls: true,
    truth: 'inventory',
    paths: [],
    join: goroutine,
    atLeast: 0.99,
  },
  {
    name: 'Go, HTTP/2 server with gRPC, by trace ids',
    service: 'catalog',
    protocol: 'http2',
    truth: 'catalog',
    paths: ['GET /products/14'],
    join: joinByThread,
    // A new connection that MariaDB greets first begins an id that nothing joins to the ones before.
    atLeast: 0.95,
  },
  {
    name: 'Go, HTTP/2 client, by trace ids',
    service: 'catalog',
    truth: 'catalog',
    paths: ['POST /products/15/sold'],
    join: joinByThread,
    atLeast: 0.99,
  },
  {
    name: 'Go, gRPC server, by trace ids',
    service: 'catalog',
    truth: 'inventory',
    paths: ['GET /products/16'],
    join: joinByThread,
    atLeast: 0.99,
  },
  {
    name: 'Python, asyncio',
    service: 'recommendations',
    truth: 'recommendations',
    paths: ['GET /recommendations/5'],
    join: coroutine,
    atLeast: 0.99,
  },
  {
    name: 'Node.js',
    service: 'storefront',
    truth: 'storefront',
    paths: ['GET /product/7', 'POST /basket/3/4'],
    join: coroutine,
  },
];

describe('evidence joins what came in and what went out', { timeout: 300_000 }, () => {
  let shop: TestShop;
  let readNew: () => SeenSpan[];
  const cleanUps: (() => Promise<void> | void)[] = [];
  const owner = { after: (cleanUp: () => Promise<void> | void) => void cleanUps.unshift(cleanUp) };

  before(async () => {
    shop = await startTestShop(owner);
    const sink = await startSink(owner);
    readNew = createSpanReader(sink);
    await startCollector(owner, [], [traceProcesses(shop.cgroup.path, sink.httpPort)]);
    await probed();
  });

  /** Programs that ran before the collector are probed one after the other, beside all others of this machine. */
  async function probed(): Promise<void> {
    const place = `http://127.0.0.1:${shop.places.catalog.port}`;
    const run = { protocol: 'http1', place, paths: ['GET /products'], concurrency: 1, count: 1, pauseMs: 0 } as const;
    const isProbed = (span: SeenSpan): boolean =>
      text(span, 'deepflow.observation_point') === 's-p' && text(span, 'deepflow.goroutine.id') !== '';
    for (let tries = 0; tries < 10; tries++) {
      await runTrueClient(shop, run);
      await sleep(2500);
      if (readNew().some(isProbed)) return;
    }
    throw new Error('no goroutine of the catalog was told');
  }
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  for (const concurrency of [1, 50])
    for (const runtime of runtimes)
      test(`${runtime.name}, ${concurrency} at once`, async (t) => {
        const { protocol = 'http1', overTls = false } = runtime;
        const { port, tlsPort } = shop.places[runtime.service];
        const scheme = { http1: 'http', http2: 'http', grpc: 'tcp' }[protocol];
        const secureScheme = { http1: 'https', http2: 'https', grpc: 'tls' }[protocol];
        const place = overTls ? `${secureScheme}://127.0.0.1:${tlsPort}` : `${scheme}://127.0.0.1:${port}`;
        const before = shop.truthOf(runtime.truth).length;
        const load = concurrency === 1 ? { count: 100, pauseMs: 4 } : { count: 8, pauseMs: 250 };
        await runTrueClient(shop, { protocol, place, paths: runtime.paths, concurrency, ...load });
        // Spans leave within a second; a call is told when it has ended.
        await sleep(2500);
        const truth = shop.truthOf(runtime.truth).slice(before);
        const spans = readNew();
        const index = new SpanIndex();
        index.add(spans);
        const result = score(truth, index, runtime.join(spans), runtime.without);
        const [precision, recall] = [precisionOf(result), recallOf(result)];
        const share = (value: number): string => value.toFixed(4);
        t.diagnostic(
          `${runtime.name}: precision ${share(precision)}, recall ${share(recall)} of ${result.true} pairs in ${truth.length} requests; ${result.unseen} not seen`,
        );
        assert.ok(truth.length >= load.count * concurrency, `${truth.length} requests`);
        const { atLeast } = runtime;
        if (atLeast !== undefined) assert.ok(precision >= atLeast && recall >= atLeast && result.unseen === 0);
      });
});
