/** The collector of the demo: the default preset, on ports and in a folder of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, withNode } from '../kit/collector.ts';
import { send } from '../kit/http.ts';
import { freePorts, isFree } from '../kit/ports.ts';
import { type Server, startServer } from '../servers/server.ts';

/** Gives the process and the address of its page. */
export async function startDemoCollector(
  directory: string,
  pagePort: number,
  cgroup: string,
): Promise<Server & { page: string }> {
  if (!(await isFree(pagePort))) throw new Error(`Port ${pagePort} is taken: give another one with --port.`);
  const [grpc, http, clickhouse, metrics, health] = await freePorts(5);
  const overlay = join(directory, 'demo.yaml');
  writeFileSync(
    overlay,
    `receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${grpc}"}, http: {endpoint: "127.0.0.1:${http}"}}}
  # Calls of the shop, and of nothing else on this machine; as its processes tell them, so that packets need not be read as well.
  ebpf: {processes: {cgroups: [${cgroup}]}}
  cbpf: {interfaces: "^$"}
extensions:
  query: {endpoint: "127.0.0.1:${pagePort}"}
  clickhouse_embedded: {http: {endpoint: "127.0.0.1:${clickhouse}"}}
  health_check: {endpoint: "127.0.0.1:${health}"}
service:
  telemetry:
    metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metrics}}}}}]}
`,
  );
  const preset = join(root, 'config', 'presets', 'default.yaml');
  const server = await startServer({
    name: 'collector',
    command: join(root, 'bin', 'otelcol-deepflow'),
    args: ['--config', preset, '--config', overlay],
    env: withNode(),
    port: pagePort,
    directory,
  });
  return { ...server, page: `http://localhost:${pagePort}/services?range=15m` };
}

/** Requests a second of each edge of the last minute, most first; for what the demo prints at its end. */
export async function busiestEdges(pagePort: number): Promise<string[]> {
  const now = Date.now();
  const path = `/api/v1/calls/edges?start=${now - 60_000}&end=${now}&limit=1000`;
  const { status, body } = await send({ host: '127.0.0.1', port: pagePort, path });
  if (status !== 200) return [];
  const { edges } = JSON.parse(body.toString()) as { edges: SeenEdge[] };
  return edges
    .filter(({ calls }) => calls !== null)
    .sort((a, b) => b.calls!.perSecond - a.calls!.perSecond)
    .map(({ client, server, protocol, calls }) => {
      const { perSecond, p50Ns, p99Ns } = calls!;
      const times = `p50 ${(p50Ns / 1e6).toFixed(1)} ms, p99 ${(p99Ns / 1e6).toFixed(1)} ms`;
      return `${client || 'unknown'} → ${server} (${protocol}): ${perSecond.toFixed(1)}/s, ${times}`;
    });
}

interface SeenEdge {
  client: string;
  server: string;
  protocol: string;
  calls: { perSecond: number; p50Ns: number; p99Ns: number } | null;
}
