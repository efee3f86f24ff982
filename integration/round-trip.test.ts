/** What goes in comes out: SDK → collector → OTLP → second collector → sink, compared field by field. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Signal, signals } from '../pdata/batch.ts';
import { startCollector } from './kit/collector.ts';
import { crafted } from './kit/crafted.ts';
import { sendGrpc, sendHttp } from './kit/otlp-send.ts';
import { freePorts } from './kit/ports.ts';
import { rows } from './kit/rows.ts';
import { type Protocol, sendSdkTraffic } from './kit/sdk-traffic.ts';
import { type Sink, startSink } from './kit/sink.ts';
import { until } from './kit/wait.ts';

interface Leg {
  name: string;
  /** How the SDK speaks to the first collector. */
  sdk: Protocol;
  /** How the first collector speaks to the second. */
  exporter: (grpcPort: number, httpPort: number) => string;
}

const legs: Leg[] = [
  {
    name: 'gRPC, gzip',
    sdk: 'grpc',
    exporter: (grpc) => `otlp_grpc: {endpoint: "127.0.0.1:${grpc}", tls: {insecure: true}}`,
  },
  {
    name: 'HTTP protobuf, zstd',
    sdk: 'http/protobuf',
    exporter: (_grpc, http) => `otlp_http: {endpoint: "http://127.0.0.1:${http}", compression: zstd}`,
  },
  {
    name: 'HTTP JSON, no compression',
    sdk: 'http/json',
    exporter: (_grpc, http) => `otlp_http: {endpoint: "http://127.0.0.1:${http}", encoding: json, compression: none}`,
  },
];

for (const leg of legs) {
  test(`SDK traffic crosses two collectors unchanged: ${leg.name}`, async (t) => {
    const { first, arrived, truth } = await startChain(t, leg);
    await sendSdkTraffic([
      { protocol: leg.sdk, address: `http://127.0.0.1:${leg.sdk === 'grpc' ? first.grpc : first.http}` },
      { protocol: 'grpc', address: `http://127.0.0.1:${truth.grpcPort}` },
    ]);
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      const sent = rows(signal, truth.bodies(signal));
      assert.ok(sent.length >= 6, `the SDK sent ${sent.length} ${signal}`);
      assert.deepEqual(await arrivedRows(arrived, signal, sent.length), sent);
    }
  });

  test(`requests the SDK cannot make cross unchanged: ${leg.name}`, async (t) => {
    const { first, arrived } = await startChain(t, leg);
    for (const signal of signals) {
      if (leg.sdk === 'grpc') await sendGrpc(first.grpc, signal, crafted[signal]);
      else assert.equal((await sendHttp(first.http, signal, crafted[signal])).status, 200);
      const sent = rows(signal, [crafted[signal]]);
      assert.deepEqual(await arrivedRows(arrived, signal, sent.length), sent);
    }
  });
}

/** Two collectors, the second behind the first, and two sinks: one behind the second, one for the truth. */
async function startChain(t: TestContext, leg: Leg) {
  const [grpc, http, grpc2, http2] = (await freePorts(4)) as [number, number, number, number];
  const arrived = await startSink(t);
  const truth = await startSink(t);
  await startCollector(t, [], [config(grpc2, http2, `otlp_http: {endpoint: "http://127.0.0.1:${arrived.httpPort}"}`)]);
  await startCollector(t, [], [config(grpc, http, leg.exporter(grpc2, http2))]);
  return { first: { grpc, http }, arrived, truth };
}

function config(grpc: number, http: number, exporter: string): string {
  const id = exporter.slice(0, exporter.indexOf(':'));
  const pipelines = signals.map((signal) => `    ${signal}: {receivers: [otlp], exporters: [${id}]}`).join('\n');
  return `
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${grpc}"}, http: {endpoint: "127.0.0.1:${http}"}}}
exporters:
  ${exporter}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
${pipelines}
`;
}

async function arrivedRows(sink: Sink, signal: Signal, count: number): Promise<string[]> {
  return until(`the arrival of ${count} ${signal}`, 20_000, async () => {
    const found = rows(signal, sink.bodies(signal));
    return found.length >= count && found;
  });
}
