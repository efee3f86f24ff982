/** The collectors under test: the same pipelines for ours and for the Go Collector, started, and stopped again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Programs } from './build.ts';
import type { Case, Rival } from './cases.ts';
import { type Child, startChild } from './child.ts';
import { ourCollector } from './paths.ts';
import { waitFor } from './wait.ts';

export interface Collector {
  pid: number;
  /** OTLP/gRPC, host:port. */
  endpoint: string;
  child: Child;
  /** Where it may keep files; removed by `stop`. */
  directory: string;
  stop(): Promise<void>;
}

export interface NextHop {
  otlp: string;
  clickhouse: string;
}

/** What stands between the receiver's port and the next hop, as YAML. */
export type PipelineYaml = (directory: string) => string;

/**
 * Same ids, same options on both sides where both have them; the durable spool is only ours. Exporters may wait 60 s, so
 * that a busy machine makes nobody send again, which would cost CPU and count twice.
 */
export function pipelineOf(subject: Case, rival: Rival, next: NextHop): PipelineYaml {
  if (subject.path === 'otlp') return () => otlpPipeline(subject, next.otlp);
  return rival === 'ours'
    ? (directory) => ourClickHousePipeline(directory, next.clickhouse)
    : () => goClickHousePipeline(next.clickhouse);
}

export async function startCollector(
  rival: Rival,
  programs: Programs,
  workers: string,
  pipeline: PipelineYaml,
): Promise<Collector> {
  const directory = mkdtempSync(join(tmpdir(), 'otelcol-bench-'));
  const [port, metricsPort] = await freePorts(2);
  const config = join(directory, 'config.yaml');
  writeFileSync(config, receiverAndTelemetry(port!, metricsPort!) + pipeline(directory));
  const child =
    rival === 'ours'
      ? startChild(ourCollector, ['--config', config, '--workers', workers])
      : startChild(programs.goCollector, ['--config', config], rival === 'gogc400' ? { GOGC: '400' } : {});
  await waitFor(
    async () => {
      if (!child.running())
        throw new Error(`${rival} ended at start:\n${child.stderrTail()}\n${child.stdout().slice(-2000)}`);
      return (await accepts(port!)) ? true : undefined;
    },
    () => `${rival} does not listen on ${port}:\n${child.stderrTail()}`,
    60_000,
  );
  return {
    pid: child.pid,
    endpoint: `127.0.0.1:${port}`,
    child,
    directory,
    async stop() {
      try {
        await child.stop();
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

const receiverAndTelemetry = (port: number, metricsPort: number) => `
receivers:
  otlp:
    protocols:
      grpc: { endpoint: 127.0.0.1:${port}, max_recv_msg_size_mib: 16 }
processors:
  memory_limiter: { check_interval: 1s, limit_mib: 4096, spike_limit_mib: 512 }
  batch: {}
${telemetry(metricsPort)}`;

const telemetry = (metricsPort: number) => `
service:
  telemetry:
    logs: { level: warn }
    metrics: { readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${metricsPort} } } } }] }
`;

const pipelines = (processors: string, exporter: string) => `  pipelines:
    traces: { receivers: [otlp], processors: [${processors}], exporters: [${exporter}] }
    logs: { receivers: [otlp], processors: [${processors}], exporters: [${exporter}] }
    metrics: { receivers: [otlp], processors: [${processors}], exporters: [${exporter}] }
`;

const otlpPipeline = (subject: Case, endpoint: string) => `${pipelines('memory_limiter, batch', 'otlp_grpc')}
exporters:
  otlp_grpc:
    endpoint: ${endpoint}
    tls: { insecure: true }
    timeout: 60s
    compression: ${subject.gzip ? 'gzip' : 'none'}
`;

/** Batches of 10,000 in the exporter's own queue: what its README recommends, and cheaper for it than 50,000. */
const goClickHousePipeline = (endpoint: string) => `${pipelines('memory_limiter', 'clickhouse')}
exporters:
  clickhouse:
    endpoint: ${endpoint}
    database: otel
    timeout: 60s
    async_insert: false
    compress: none
    sending_queue: { block_on_overflow: true, batch: { min_size: 10000, flush_timeout: 1s } }
`;

const ourClickHousePipeline = (directory: string, endpoint: string) => `${pipelines('memory_limiter', 'clickhouse')}
exporters:
  clickhouse:
    endpoint: ${endpoint}
    spool: { directory: ${directory}/spool }
`;

/** Our whole path into the embedded store. */
export const embeddedStorePipeline: PipelineYaml = (directory) => `  extensions: [clickhouse_embedded]
${ourClickHousePipeline(directory, `unix:${directory}/clickhouse/http.sock`)}
extensions:
  clickhouse_embedded: { directory: ${directory}/clickhouse }
`;

/** Ports that were free a moment ago; the receiver under test has no way to tell which port it was given. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
