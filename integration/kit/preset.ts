/** The default preset as a stranger gets it, moved to free ports and a folder of its own. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Collector, root, startCollector, temporaryFolder } from './collector.ts';
import { freePorts } from './ports.ts';

export interface Place {
  grpcPort: number;
  httpPort: number;
  pagePort: number;
  /** The ClickHouse HTTP interface on TCP, for clients of other languages. */
  clickhousePort: number;
  metricsPort: number;
  healthPort: number;
  /** Working directory of the collector. */
  folder: string;
  /** Directory of the embedded store. */
  store: string;
}

/** Where a collector may live: it can be started there again after it has been killed. */
export async function findPlace(t: TestContext): Promise<Place> {
  const folder = temporaryFolder(t);
  const ports = await freePorts(6);
  const [grpcPort, httpPort, pagePort, clickhousePort, metricsPort, healthPort] = ports as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    grpcPort,
    httpPort,
    pagePort,
    clickhousePort,
    metricsPort,
    healthPort,
    folder,
    store: join(folder, 'data', 'clickhouse'),
  };
}

/** Runs config/presets/default.yaml there, capturing nothing, and waits until it is ready. `more` is YAML that is merged over it. */
export function startPreset(t: TestContext, place: Place, more = ''): Promise<Collector> {
  const { grpcPort, httpPort, pagePort, clickhousePort, metricsPort, healthPort, folder } = place;
  const moved = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${grpcPort}"}, http: {endpoint: "127.0.0.1:${httpPort}"}}}
  # What else runs on the machine of a test is none of its data.
  cbpf: {interfaces: "^$"}
  ebpf: {processes: {include: ["/none"], events: false}, tcp: {enabled: false}}
extensions:
  query: {endpoint: "127.0.0.1:${pagePort}"}
  clickhouse_embedded: {http: {endpoint: "127.0.0.1:${clickhousePort}"}}
  health_check: {endpoint: "127.0.0.1:${healthPort}"}
service:
  telemetry:
    metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}]}
`;
  const preset = join(root, 'config', 'presets', 'default.yaml');
  return startCollector(t, [preset], more === '' ? [moved] : [moved, more], { cwd: folder });
}
