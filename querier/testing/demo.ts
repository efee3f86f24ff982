/** A small shop's hour of telemetry, the same for each seed: traces over five services, their logs, and metrics. */
import type { ClickHouseClient } from '@clickhouse/client';
import { literal } from '../../clickhouse/quote.ts';
import { insertLogs, insertSeries, insertSpans, type TestLog, type TestSpan, time } from './insert.ts';

export interface Demo {
  spans: TestSpan[];
  logs: TestLog[];
}

/** Numbers in [0, 1), always the same ones. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** `traces` requests, spread over the hour before `nowMs`. */
export function makeDemo(nowMs: number, traces: number): Demo {
  const random = createRandom(7);
  const randomId = createRandom(11);
  const spans: TestSpan[] = [];
  const logs: TestLog[] = [];
  for (let trace = 0; trace < traces; trace++) {
    const traceId = [0, 0, 0, 0].map(() => hex(Math.floor(randomId() * 2 ** 32), 8)).join('');
    const startNs = BigInt(Math.floor(nowMs - 20_000 - ((traces - trace) / traces) * 3_500_000)) * 1_000_000n;
    addRequest(spans, logs, traceId, startNs, random);
  }
  return { spans, logs };
}

function addRequest(spans: TestSpan[], logs: TestLog[], traceId: string, startNs: bigint, random: () => number): void {
  const fails = random() < 0.06;
  const slow = random() < 0.1 ? 8 : 1;
  const [route, method] = random() < 0.6 ? ['/products/{id}', 'GET'] : ['/checkout', 'POST'];
  let next = 1;
  const add = (
    parent: string | undefined,
    service: string,
    name: string,
    kind: number,
    offsetMs: number,
    durationMs: number,
    more: Partial<TestSpan> = {},
  ): string => {
    const spanId = hex(next++, 4) + traceId.slice(-12);
    spans.push({
      traceId,
      spanId,
      ...(parent !== undefined && { parentSpanId: parent }),
      service,
      name,
      kind,
      startNs: startNs + BigInt(Math.round(offsetMs * 1e6)),
      durationNs: Math.round(durationMs * 1e6),
      resource: { 'service.version': '1.4.2', 'host.name': `${service}-1`, 'process.pid': ['4711', 'i'] },
      scope: { name: '@opentelemetry/instrumentation-http', version: '0.223.0' },
      ...more,
    });
    return spanId;
  };
  const cart = (4 + random() * 9) * slow;
  const pay = route === '/checkout' ? (22 + random() * 40) * slow : 0;
  const total = cart + pay + 9 + random() * 6;
  const failure: Partial<TestSpan> = fails ? { status: 2, statusMessage: 'upstream answered 503' } : {};
  const http = { 'http.request.method': method!, 'http.route': route!, 'url.scheme': 'https' };
  const root = add(undefined, 'frontend', `${method} ${route}`, 2, 0, total, {
    ...failure,
    attributes: {
      ...http,
      'http.response.status_code': [fails ? '503' : '200', 'i'],
      'client.address': `10.0.${Math.floor(random() * 4)}.${Math.floor(random() * 250)}`,
      'feature.flags': ['["new-cart","fast-pay"]', 'a'],
      sampled: ['true', 'b'],
    },
  });
  const call = add(root, 'frontend', 'GET cart', 3, 1.5, cart + 1);
  const items = add(call, 'cart', 'GET /items', 2, 2, cart, { attributes: { ...http, 'cart.items': ['3', 'i'] } });
  add(items, 'cart', 'redis HGETALL', 3, 2.6, cart * 0.6, {
    attributes: { 'db.system.name': 'redis', 'db.query.text': 'HGETALL cart:{id}', 'server.address': 'redis-1' },
  });
  if (pay > 0) {
    const order = add(root, 'checkout', 'POST /orders', 2, cart + 4, pay, { ...failure });
    add(order, 'checkout', 'SELECT orders', 3, cart + 5, pay * 0.2, {
      attributes: { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT * FROM orders WHERE id = $1' },
    });
    const charge = add(order, 'checkout', 'payment.Charge', 3, cart + 5 + pay * 0.25, pay * 0.7, { ...failure });
    add(charge, 'payment', 'payment.Charge', 2, cart + 6 + pay * 0.25, pay * 0.62, {
      ...failure,
      attributes: { 'rpc.system': 'grpc', 'rpc.method': 'Charge', 'payment.amount': ['49.9', 'd'] },
      events: fails
        ? [
            {
              timeNs: startNs + BigInt(Math.round((cart + 7 + pay * 0.5) * 1e6)),
              name: 'exception',
              attributes: {
                'exception.type': 'BankUnavailable',
                'exception.message': 'bank.example: connection refused',
                'exception.stacktrace':
                  'BankUnavailable: connection refused\n    at charge (payment.js:41)\n    at handle (server.js:12)',
              },
            },
          ]
        : [],
      links: [{ traceId: traceId.replace(/^./, 'f'), spanId: '00f067aa0ba902b7', attributes: { reason: 'retry of' } }],
    });
  }
  logs.push({
    timeNs: startNs + 800_000n,
    service: 'frontend',
    body: `${method} ${route} from ${fails ? 'mobile' : 'web'}`,
    severity: 9,
    severityText: 'INFO',
    traceId,
    spanId: root,
    attributes: http,
  });
  if (slow > 1) {
    logs.push({
      timeNs: startNs + 5_000_000n,
      service: 'cart',
      body: `redis answered slowly: ${(cart * 0.6).toFixed(1)} ms`,
      severity: 13,
      severityText: 'WARN',
      traceId,
      spanId: items,
    });
  }
  if (fails) {
    logs.push({
      timeNs: startNs + 9_000_000n,
      service: 'payment',
      body: 'charge failed: bank.example: connection refused\n    at charge (payment.js:41)',
      severity: 17,
      severityText: 'ERROR',
      traceId,
      attributes: { 'error.type': 'BankUnavailable', retry: ['2', 'i'] },
    });
  }
}

export async function insertDemo(client: ClickHouseClient, nowMs: number, traces = 240): Promise<Demo> {
  const demo = makeDemo(nowMs, traces);
  await insertSpans(client, demo.spans);
  await insertLogs(client, demo.logs);
  await insertMetrics(client, nowMs);
  return demo;
}

/** A counter, a gauge and a histogram, each measured every 15 s for an hour on three hosts. */
async function insertMetrics(client: ClickHouseClient, nowMs: number): Promise<void> {
  const random = createRandom(3);
  const hosts = ['frontend', 'cart', 'checkout'];
  const common = hosts.map((service, at) => ({ service, id: at + 1, attributes: { 'http.request.method': 'GET' } }));
  await insertSeries(client, [
    ...common.map((one) => ({
      ...one,
      name: 'http.server.requests',
      type: 'sum' as const,
      unit: '{request}',
      description: 'Requests that were answered',
      temporality: 2,
      monotonic: true,
    })),
    ...common.map((one) => ({
      ...one,
      id: one.id + 10,
      name: 'process.memory.usage',
      type: 'gauge' as const,
      unit: 'By',
      description: 'Memory of the process',
    })),
    ...common.map((one) => ({
      ...one,
      id: one.id + 20,
      name: 'http.server.request.duration',
      type: 'histogram' as const,
      unit: 's',
      description: 'Time until a request was answered',
      temporality: 2,
    })),
  ]);
  const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
  const samples: string[] = [];
  const histograms: string[] = [];
  for (const { service, id } of common) {
    let requests = 1000 * id;
    const counts = bounds.map(() => 0).concat(0);
    for (let ago = 3600; ago >= 0; ago -= 15) {
      const at = BigInt(Math.floor(nowMs - ago * 1000)) * 1_000_000n;
      const wave = 1 + Math.sin(ago / 300 + id) * 0.4;
      const added = Math.round((40 / id) * wave + random() * 8);
      requests += added;
      for (let one = 0; one < added; one++) {
        const bucket = Math.min(
          counts.length - 1,
          Math.floor(random() * random() * (service === 'cart' ? 5 : 8)) + id - 1,
        );
        counts[bucket]!++;
      }
      samples.push(`(today(), 'http.server.requests', ${id}, ${time(at)}, 'sum', ${requests}, ${requests}, 'i')`);
      const bytes = Math.round((60 + 30 * id + wave * 12 + random() * 5) * 1024 * 1024);
      samples.push(`(today(), 'process.memory.usage', ${id + 10}, ${time(at)}, 'gauge', ${bytes}, ${bytes}, 'i')`);
      const count = counts.reduce((sum, one) => sum + one, 0);
      const row = [id + 20, time(at), count, count * 0.03, `[${counts}]`, `[${bounds}]`];
      histograms.push(`(today(), ${literal('http.server.request.duration')}, ${row.join(', ')})`);
    }
  }
  await client.command({
    query: `INSERT INTO otel.samples (received_date, metric_name, series_id, time, type, value, value_int, value_type) VALUES ${samples.join(', ')}`,
  });
  await client.command({
    query: `INSERT INTO otel.histograms (received_date, metric_name, series_id, time, count, sum, bucket_counts, explicit_bounds) VALUES ${histograms.join(', ')}`,
  });
}
