/** `store`: the whole path into the embedded store: rows a second, CPU of both processes, bytes a row on disk. */
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Programs } from './build.ts';
import type { ItemKind } from './cases.ts';
import { type Collector, embeddedStorePipeline, startCollector } from './collector.ts';
import { generate } from './generator.ts';
import type { Options } from './options.ts';
import { commandLine, cpuSeconds, peakRssMb, processTree } from './proc.ts';
import { formatTable } from './report.ts';
import { waitFor } from './wait.ts';

export interface StoreFigures {
  kind: ItemKind;
  rows: number;
  /** From the first request until the last row can be read; generator on the same machine. */
  rowsPerSecond: number;
  collectorUsPerRow: number;
  storageUsPerRow: number;
  collectorPeakRssMb: number;
  storagePeakRssMb: number;
  /** All tables that the kind fills, as the background merges left them, and after OPTIMIZE … FINAL. */
  bytesPerRow: number;
  bytesPerRowMerged: number;
}

/** Tables with one row per item, and all tables that the kind fills. */
const tables: Record<ItemKind, { items: string[]; all: string[] }> = {
  spans: { items: ['spans'], all: ['spans', 'trace_ranges'] },
  logs: { items: ['logs'], all: ['logs'] },
  metrics: { items: ['samples', 'histograms'], all: ['samples', 'histograms', 'series'] },
};

export async function measureStore(programs: Programs, options: Options): Promise<StoreFigures[]> {
  const figures: StoreFigures[] = [];
  for (const kind of ['spans', 'logs', 'metrics'] as const) {
    if (options.only !== undefined && !options.only.test(kind)) continue;
    const collector = await startCollector('ours', programs, options.workers, embeddedStorePipeline);
    try {
      figures.push(await measureKind(kind, collector, programs, options));
    } catch (error) {
      throw new Error(`${(error as Error).message}\n--- our collector said:\n${collector.child.stderrTail()}`, {
        cause: error,
      });
    } finally {
      await collector.stop();
    }
  }
  print(figures);
  return figures;
}

async function measureKind(
  kind: ItemKind,
  collector: Collector,
  programs: Programs,
  options: Options,
): Promise<StoreFigures> {
  const items = options.items ?? (options.quick ? 500_000 : 2_000_000);
  const { order, connections } = options;
  const load = { target: collector.endpoint, kind, perRequest: 1000, gzip: false, order, connections };
  const warmUp = await generate(programs.generate, { ...load, items: 200_000 });
  await stored(collector, kind, warmUp.items);
  const processes = processTree(collector.pid);
  const storage = processes.filter((pid) => pid !== collector.pid && /embedded/.test(commandLine(pid)));
  const rest = processes.filter((pid) => !storage.includes(pid));
  if (storage.length === 0) throw new Error('the storage process was not found among the children of the collector');
  const [storageCpu, restCpu] = [cpuSeconds(storage), cpuSeconds(rest)];
  const startedMs = performance.now();
  const report = await generate(programs.generate, { ...load, items });
  await stored(collector, kind, warmUp.items + report.items);
  const seconds = (performance.now() - startedMs) / 1000;
  const storageSeconds = cpuSeconds(storage) - storageCpu;
  const restSeconds = cpuSeconds(rest) - restCpu;
  const bytesPerRow = (await bytesOnDisk(collector, kind)) / (warmUp.items + report.items);
  for (const table of tables[kind].all) await query(collector, `OPTIMIZE TABLE otel.${table} FINAL`);
  return {
    kind,
    rows: report.items,
    rowsPerSecond: report.items / seconds,
    collectorUsPerRow: (restSeconds / report.items) * 1e6,
    storageUsPerRow: (storageSeconds / report.items) * 1e6,
    collectorPeakRssMb: peakRssMb(rest),
    storagePeakRssMb: peakRssMb(storage),
    bytesPerRow,
    bytesPerRowMerged: (await bytesOnDisk(collector, kind)) / (warmUp.items + report.items),
  };
}

/** Waits until exactly that many rows can be read. */
async function stored(collector: Collector, kind: ItemKind, rows: number): Promise<void> {
  const counts = tables[kind].items.map((table) => `(SELECT count() FROM otel.${table})`).join(' + ');
  let readable = 0;
  await waitFor(
    async () => {
      readable = Number(await query(collector, `SELECT ${counts}`));
      return readable >= rows ? true : undefined;
    },
    () => `lost: ${rows} ${kind} were acknowledged, ${readable} can be read`,
    300_000,
    200,
  );
  if (readable > rows) throw new Error(`doubled: ${rows} ${kind} were sent, ${readable} can be read`);
}

async function bytesOnDisk(collector: Collector, kind: ItemKind): Promise<number> {
  const names = tables[kind].all.map((table) => `'${table}'`).join(', ');
  const sql = `SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'otel' AND table IN (${names})`;
  return Number(await query(collector, sql));
}

/** Asks the embedded store over its socket; resolves with the answer's text. Throws what the store said. */
async function query(collector: Collector, sql: string): Promise<string> {
  const socketPath = join(collector.directory, 'clickhouse', 'http.sock');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request({ socketPath, method: 'POST', path: '/' }, (response) => {
    text(response).then(
      (body) => (response.statusCode === 200 ? resolve(body) : reject(new Error(`${sql}: ${body}`))),
      reject,
    );
  });
  call.on('error', reject).end(sql);
  return promise;
}

function print(figures: readonly StoreFigures[]): void {
  const heads = [
    'embedded store',
    '',
    'rows/s',
    'collector µs/row',
    'storage µs/row',
    'collector RSS MB',
    'storage RSS MB',
    'bytes/row',
    'merged',
  ];
  const rows = figures.map((one) => [
    one.kind,
    '',
    one.rowsPerSecond.toFixed(0),
    one.collectorUsPerRow.toFixed(2),
    one.storageUsPerRow.toFixed(2),
    one.collectorPeakRssMb.toFixed(0),
    one.storagePeakRssMb.toFixed(0),
    one.bytesPerRow.toFixed(1),
    one.bytesPerRowMerged.toFixed(1),
  ]);
  console.log(`\n${formatTable({ heads, rows })}\n`);
}
