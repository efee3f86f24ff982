/**
 * Calls and connections as the capture would report them, made up: the same for the same start, with every outcome, several
 * observation points, and flow records whose sums are known.
 */
import { encode, type Plain } from './schema.ts';

export interface Captured {
  /** An ExportTraceServiceRequest with a span per call and observation point. */
  traces: Uint8Array;
  /** An ExportLogsServiceRequest with flow records, and one log record that is none. */
  logs: Uint8Array;
  spans: number;
  flows: number;
}

export interface CapturedOptions {
  /** Unix time, ms, of the last call. */
  endMs: number;
  /** Over how long the calls are spread. */
  seconds: number;
  /** Calls of each kind. */
  calls: number;
}

interface Target {
  service: string;
  address: string;
  port: number;
  protocol: string;
  transport: 'tcp' | 'udp';
  endpoints: readonly string[];
  /** Where its calls are seen, and the span kind there: 2 server, 3 client. */
  points: readonly (readonly [point: string, kind: number])[];
  attributes: Plain;
  latencyMs: number;
}

const targets: readonly Target[] = [
  {
    service: '10.1.0.80:80',
    address: '10.1.0.80',
    port: 80,
    protocol: 'HTTP',
    transport: 'tcp',
    endpoints: ['GET /products/{id}', 'POST /checkout', 'GET /'],
    points: [
      ['c', 3],
      ['s', 2],
    ],
    attributes: { 'network.protocol.name': 'http', 'http.request.method': 'GET' },
    latencyMs: 12,
  },
  {
    service: '10.1.0.50:6379',
    address: '10.1.0.50',
    port: 6379,
    protocol: 'Redis',
    transport: 'tcp',
    endpoints: ['HGETALL', 'SET'],
    points: [['c', 3]],
    attributes: { 'network.protocol.name': 'redis', 'db.system.name': 'redis' },
    latencyMs: 0.4,
  },
  {
    service: '10.1.0.60:5432',
    address: '10.1.0.60',
    port: 5432,
    protocol: 'PostgreSQL',
    transport: 'tcp',
    endpoints: ['SELECT orders', 'INSERT orders'],
    points: [['local', 2]],
    attributes: { 'network.protocol.name': 'postgresql', 'db.system.name': 'postgresql' },
    latencyMs: 3,
  },
  {
    service: '10.1.0.53:53',
    address: '10.1.0.53',
    port: 53,
    protocol: 'DNS',
    transport: 'udp',
    endpoints: ['A'],
    points: [['rest', 2]],
    attributes: { 'network.protocol.name': 'dns', 'dns.question.name': 'shop.example' },
    latencyMs: 1,
  },
];

const clients = ['10.1.0.7', '10.1.0.8', '10.1.0.9'];
const outcomes = ['answered', 'answered', 'answered', 'answered', 'answered', 'answered', 'answered', 'one_way'];
const rareOutcomes = ['timeout', 'unanswered', 'unmatched_response'];

export function captureTraffic({ endMs, seconds, calls }: CapturedOptions): Captured {
  const random = createRandom(11);
  const byService = new Map<string, Plain[]>();
  const records: Plain[] = [];
  let number = 0;
  for (const [index, target] of targets.entries()) {
    for (let call = 0; call < calls; call++) {
      number++;
      const client = clients[call % clients.length]!;
      const callEndMs = endMs - ((calls - 1 - call) * seconds * 1000) / calls;
      const latency = target.latencyMs * (0.5 + random() + (random() < 0.03 ? 20 : 0));
      const outcome = call % 17 === 3 ? rareOutcomes[call % 3]! : outcomes[call % outcomes.length]!;
      for (const [hop, [point, kind]] of target.points.entries()) {
        // At the client's side it is the client that was observed.
        const service = kind === 3 ? client : target.service;
        const spans = byService.get(service) ?? [];
        spans.push(span(target, point, kind, { number: number * 4 + hop, client, callEndMs, latency, outcome, call }));
        byService.set(service, spans);
      }
    }
    for (const [at, client] of clients.entries()) {
      for (const [hop, [point]] of target.points.entries()) {
        records.push(...flow(target, client, point, (index * 8 + at) * 4 + hop + 1, { endMs, seconds, random }));
      }
    }
  }
  const other = { time_unix_nano: ns(endMs), body: { string_value: 'no flow at all' }, severity_number: 9 };
  return {
    traces: encode('traces', {
      resource_spans: [...byService].map(([service, spans]) => ({
        resource: { attributes: keyValues({ 'service.name': service }) },
        scope_spans: [{ scope: { name: 'otelcol-deepflow/call' }, spans }],
      })),
    }),
    logs: encode('logs', {
      resource_logs: [
        {
          resource: { attributes: keyValues({ 'host.name': 'node-1' }) },
          scope_logs: [{ scope: { name: 'otelcol-deepflow/flow' }, log_records: [...records, other] }],
        },
      ],
    }),
    spans: [...byService.values()].reduce((sum, spans) => sum + spans.length, 0),
    flows: records.length,
  };
}

interface Call {
  number: number;
  client: string;
  callEndMs: number;
  latency: number;
  outcome: string;
  call: number;
}

function span(target: Target, point: string, kind: number, made: Call): Plain {
  const { number, client, callEndMs, latency, outcome, call } = made;
  const isServerError = outcome === 'answered' && call % 20 === 5;
  const isClientError = outcome === 'answered' && call % 20 === 8;
  const fails = isServerError || outcome === 'timeout';
  const id = Buffer.alloc(8);
  id.writeUInt32BE(number, 4);
  id[0] = 0xca;
  // A call seen at several points is several spans of one trace.
  const trace = Buffer.alloc(16, id);
  trace[15]! &= 0xfc;
  trace[7]! &= 0xfc;
  const error = isServerError ? 'server' : isClientError ? 'client' : outcome === 'timeout' ? 'timeout' : undefined;
  const http = target.protocol === 'HTTP' && outcome === 'answered';
  return {
    trace_id: trace.toString('base64'),
    span_id: id.toString('base64'),
    name: target.endpoints[call % target.endpoints.length],
    kind,
    start_time_unix_nano: ns(callEndMs - latency),
    end_time_unix_nano: ns(callEndMs),
    ...(fails && { status: { code: 2, message: `${error}` } }),
    attributes: keyValues({
      ...target.attributes,
      ...(http && { 'http.response.status_code': isServerError ? 503 : isClientError ? 404 : 200 }),
      ...(error !== undefined && { 'error.type': error }),
      'client.address': client,
      'client.port': 40_000 + (call % 100),
      'server.address': target.address,
      'server.port': target.port,
      'network.transport': target.transport,
      'deepflow.flow.id': flowId(target, client, point),
      'deepflow.observation_point': point,
      'deepflow.protocol': target.protocol,
      'deepflow.request.tcp_seq': 1_000_000 + call * 120,
      'deepflow.response.tcp_seq': 9_000_000 + call * 800,
      'deepflow.request.size': 120,
      'deepflow.response.size': outcome === 'answered' ? 800 : 0,
      'deepflow.call.outcome': outcome,
    }),
  };
}

/** A record at the middle of the time and one at its end, of one flow. */
function flow(
  target: Target,
  client: string,
  point: string,
  number: number,
  { endMs, seconds, random }: { endMs: number; seconds: number; random: () => number },
): Plain[] {
  const resets = number % 5 === 0;
  return [endMs - seconds * 500, endMs].map((atMs, index) => {
    const rtt = Array.from({ length: 1 + index }, () => Math.round(200_000 * (1 + random())));
    return {
      time_unix_nano: ns(atMs),
      observed_time_unix_nano: ns(atMs),
      event_name: 'deepflow.flow',
      attributes: keyValues({
        'deepflow.flow.id': flowId(target, client, point),
        'client.address': client,
        'client.port': 40_000 + number,
        'server.address': target.address,
        'server.port': target.port,
        'network.transport': target.transport,
        'network.type': 'ipv4',
        ...(target.protocol !== '' && { 'network.protocol.name': target.attributes['network.protocol.name'] }),
        'network.interface.name': 'eth0',
        'deepflow.observation_point': point,
        'deepflow.flow.start_time': BigInt(Math.round(endMs - seconds * 1000)) * 1_000_000n,
        'deepflow.flow.end_time': BigInt(Math.round(atMs)) * 1_000_000n,
        'deepflow.flow.duration': (1 + index) * seconds * 500_000_000,
        'deepflow.flow.interval': seconds * 500_000_000,
        ...(index === 0 && { 'deepflow.flow.is_new': true }),
        'deepflow.flow.close_type': index === 0 ? 'periodic' : resets ? 'server_reset_transfer' : 'finished',
        'deepflow.flow.status': index === 1 && resets ? 'server_error' : 'ok',
        ...(index === 1 && resets && { 'deepflow.flow.failure': 'transfer' }),
        ...(target.transport === 'tcp' && index === 0 && { 'deepflow.flow.syn': 1, 'deepflow.flow.syn_ack': 1 }),
        'deepflow.flow.client.packets': 10 + number,
        'deepflow.flow.client.bytes': 1000 + number,
        'deepflow.flow.client.l3_bytes': 900 + number,
        'deepflow.flow.server.packets': 20 + number,
        'deepflow.flow.server.bytes': 8000 + number,
        ...(number % 3 === 0 && { 'deepflow.flow.server.retransmissions': number }),
        ...histogram('rtt', rtt),
        ...histogram('art', [Math.round(target.latencyMs * 1e6 * (1 + random()))]),
        'custom.attribute': `of ${client}`,
      }),
    };
  });
}

/** The attributes of a delay, with buckets of scale 3. */
function histogram(delay: string, valuesNs: readonly number[]): Plain {
  const indexes = valuesNs.map((value) => Math.ceil(Math.log2(value / 1e9) * 8) - 1);
  const offset = Math.min(...indexes);
  const buckets = new Array(Math.max(...indexes) - offset + 1).fill(0);
  for (const index of indexes) buckets[index - offset]++;
  const key = `deepflow.flow.${delay}`;
  return {
    [`${key}.count`]: valuesNs.length,
    [`${key}.sum`]: valuesNs.reduce((sum, value) => sum + value, 0),
    [`${key}.min`]: Math.min(...valuesNs),
    [`${key}.max`]: Math.max(...valuesNs),
    [`${key}.scale`]: 3,
    [`${key}.offset`]: offset,
    [`${key}.buckets`]: buckets,
  };
}

function flowId(target: Target, client: string, point: string): string {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(target.port, 0);
  bytes[4] = clients.indexOf(client);
  bytes.write(point.slice(0, 1), 7);
  return bytes.toString('hex');
}

function keyValues(attributes: Plain): Plain[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): Plain {
  if (typeof value === 'string') return { string_value: value };
  if (typeof value === 'boolean') return { bool_value: value };
  if (Array.isArray(value)) return { array_value: { values: value.map(anyValue) } };
  return { int_value: String(value) };
}

function ns(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}

/** Mulberry32: the same numbers every time. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
