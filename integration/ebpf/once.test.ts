/** Calls and connections that packets and processes both tell of: all of them are kept, and their figures count each once. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Signal } from '../../pdata/batch.ts';
import { wireToJson } from '../../pdata/otlp/json.ts';
import { startCollector, temporaryFolder } from '../kit/collector.ts';
import { pipelinesToSink } from '../kit/configuration.ts';
import { type Sink, startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';

const calls = 50;
const missing = whatIsMissing(['python3']);

/** Answers each GET on a connection that it closes then. */
const server = `
import http.server, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header('content-length', '2'); self.end_headers(); self.wfile.write(b'ok')
    def log_message(self, *_): pass
with socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
`;

test('a call that packets and its process tell of counts once', {
  skip: missing || false,
  timeout: 120_000,
}, async (t) => {
  const folder = temporaryFolder(t);
  const program = 'import sys; print(sys.executable, f"{sys.base_prefix}:{sys.base_exec_prefix}")';
  const [executable, home] = execFileSync('python3', ['-c', program], { encoding: 'utf8' }).trim().split(' ');
  const python = join(folder, 'python-once');
  copyFileSync(realpathSync(executable!), python);
  const service = spawn(python, ['-c', server], {
    env: { ...process.env, PYTHONHOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => void service.kill('SIGKILL'));
  const [line] = (await Promise.race([once(service.stdout, 'data'), once(service, 'exit')])) as [unknown];
  const port = Number(String(line));
  assert.ok(port > 1, 'the service listens');
  const sink = await startSink(t);
  const collector = await startCollector(t, [], [configuration(python, port, sink.httpPort)]);

  for (let i = 0; i < calls; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text();
  const byPoint = (signal: 'traces' | 'logs') => pointsOf(sink, signal, port);
  await until('both have told of all calls', 20_000, async () => {
    const { local, 's-p': process } = byPoint('traces');
    return local === calls && process === calls;
  });
  // Ending it tells of all connections and closes all windows.
  await collector.stop();

  assert.deepEqual(byPoint('traces'), { local: calls, 's-p': calls });
  const records = byPoint('logs');
  assert.ok(records.local! >= calls && records['s-p']! >= calls, JSON.stringify(records));
  for (const metric of ['deepflow.call.requests', 'deepflow.flow.opened']) {
    for (const interval of ['1s', '1m']) {
      const sums = sumsOf(sink, metric, interval, [`127.0.0.1:${port}`, 'python-once']);
      assert.deepEqual(sums, { 'python-once s-p': calls }, `${metric} ${interval}`);
    }
  }
});

function configuration(executable: string, port: number, sinkPort: number): string {
  const cbpf = { interfaces: '^lo$', filter: `tcp port ${port}` };
  const ebpf = { processes: { include: [executable] } };
  const both = { receivers: ['cbpf', 'ebpf'], exporters: ['red'] };
  const components = { receivers: { cbpf, ebpf }, connectors: { red: {} } };
  return pipelinesToSink(sinkPort, components, { traces: both, logs: both, metrics: { receivers: ['red'] } });
}

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string };
}

/** How many spans or flow records of the server there are from each observation point. */
function pointsOf(sink: Sink, signal: 'traces' | 'logs', port: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const request of requestsOf(sink, signal)) {
    for (const { scopeSpans, scopeLogs } of request.resourceSpans ?? request.resourceLogs) {
      for (const { spans, logRecords } of scopeSpans ?? scopeLogs) {
        for (const { attributes } of (spans ?? logRecords) as { attributes: Attribute[] }[]) {
          if (textOf(attributes, 'server.port') !== String(port)) continue;
          const point = textOf(attributes, 'deepflow.observation_point');
          counts[point] = (counts[point] ?? 0) + 1;
        }
      }
    }
  }
  return counts;
}

/** Sums of a metric over windows, by server and observation point. */
function sumsOf(sink: Sink, metric: string, interval: string, servers: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { resourceMetrics } of requestsOf(sink, 'metrics')) {
    for (const { scopeMetrics } of resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const { name, sum } of metrics) {
          if (name !== metric) continue;
          for (const { attributes, asInt } of sum.dataPoints as { attributes: Attribute[]; asInt: string }[]) {
            const told = textOf(attributes, 'deepflow.server');
            if (!servers.includes(told) || textOf(attributes, 'deepflow.interval') !== interval) continue;
            const key = `${told} ${textOf(attributes, 'deepflow.observation_point')}`;
            sums[key] = (sums[key] ?? 0) + Number(asInt);
          }
        }
      }
    }
  }
  return sums;
}

function requestsOf(sink: Sink, signal: Signal) {
  return sink.bodies(signal).map((body) => JSON.parse(Buffer.from(wireToJson(signal, body)).toString()));
}

function textOf(attributes: readonly Attribute[], key: string): string {
  const value = attributes.find((one) => one.key === key)?.value;
  return value?.stringValue ?? value?.intValue ?? '';
}
