/** The built page before a real store, for tests in a real browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { ComponentHealth } from '../../component/define.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { createApp } from '../../extensions/query/app.ts';
import type { Store } from '../../querier/store/store.ts';

/** Anything with the `after` of node:test. */
export interface Owner {
  after(cleanUp: () => Promise<void> | void): void;
}

/** Builds the page into a directory of its own, so that test files do not disturb each other. */
export async function buildPage(owner: Owner): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'page-'));
  owner.after(() => rmSync(directory, { recursive: true, force: true }));
  await build({
    root: fileURLToPath(new URL('..', import.meta.url)),
    logLevel: 'error',
    build: { outDir: directory, emptyOutDir: true },
  });
  return directory;
}

const running = { name: 'otelcol-deepflow', version: '0.1.0', description: '' };

const components: ComponentHealth[] = [
  { kind: 'receiver', id: 'otlp', pipelines: ['traces', 'logs'], status: 'ok', sinceMs: Date.now() - 3_600_000 },
  { kind: 'processor', id: 'memory_limiter', pipelines: ['traces'], status: 'ok', sinceMs: Date.now() - 3_600_000 },
  {
    kind: 'exporter',
    id: 'otlp_grpc/backup',
    pipelines: ['traces'],
    status: 'recoverable_error',
    message: 'connect ECONNREFUSED 127.0.0.1:4319; trying again in 5 s',
    sinceMs: Date.now() - 42_000,
  },
  { kind: 'exporter', id: 'clickhouse', pipelines: ['traces', 'logs'], status: 'ok', sinceMs: Date.now() - 3_600_000 },
];

/** The collector's own metrics; counters rise with every look. */
function createMetrics(): () => Promise<string> {
  let looks = 0;
  return async () => {
    looks++;
    return `otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"} ${120_000 + looks * 500}
otelcol_receiver_accepted_spans{receiver="otlp",transport="http"} 3400
otelcol_receiver_refused_spans{receiver="otlp",transport="grpc"} 12
otelcol_receiver_accepted_log_records{receiver="otlp",transport="grpc"} 51200
otelcol_receiver_ebpf_lost_events{receiver="ebpf"} 7
otelcol_receiver_cbpf_kernel_drops{receiver="cbpf"} 0
otelcol_exporter_sent_spans{exporter="clickhouse"} ${123_400 + looks * 500}
otelcol_exporter_queue_size{exporter="otlp_grpc/backup"} 120
otelcol_exporter_queue_capacity{exporter="otlp_grpc/backup"} 1000
`;
  };
}

/** Address of a server that shows `store` on the page of `directory`. */
export async function serve(owner: Owner, store: Store, directory: string): Promise<string> {
  const { host, log } = createTestContext(
    {},
    { host: { build: running, health: () => components, ownMetrics: createMetrics() } },
  );
  const server = createServer(createApp({ store, host, log, page: directory }));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  owner.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}
