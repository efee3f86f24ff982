/** One measurement: a fresh collector, a warm-up, the load, and proof that everything arrived. */
import type { Programs } from './build.ts';
import type { Case, ItemKind, Rival } from './cases.ts';
import { type Collector, pipelineOf, startCollector } from './collector.ts';
import { generate, type LoadReport } from './generator.ts';
import type { Options } from './options.ts';
import { cpuSeconds, peakRssMb, processTree, resetPeakRss } from './proc.ts';
import { type Sink, type SinkCounts, startSink } from './sink.ts';
import { waitFor } from './wait.ts';

export interface Measurement {
  name: string;
  rival: Rival;
  round: number;
  workers: string;
  items: number;
  /** User and system time of the collector's processes, all threads: CPU-seconds per million items = µs per item. */
  cpuPerMillion: number;
  /** Highest RSS from the end of the warm-up until everything was delivered. */
  peakRssMb: number;
  /** From the first request to the last acknowledgement; generator and sink run on the same machine. */
  itemsPerSecond: number;
  ackP99Ms: number;
  /** Requests refused as UNAVAILABLE or RESOURCE_EXHAUSTED and sent again, and why. */
  retries: number;
  retryReason: string;
}

/** Throws when anything was refused for good, lost, doubled or changed. */
export async function measure(
  subject: Case,
  rival: Rival,
  round: number,
  programs: Programs,
  options: Options,
): Promise<Measurement> {
  const sink = await startSink(programs.sink);
  try {
    const collector = await startCollector(rival, programs, options.workers, pipelineOf(subject, rival, sink));
    try {
      return await measureRunning(subject, rival, round, programs, options, sink, collector);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n--- ${rival} said:\n${collector.child.stderrTail()}`, {
        cause: error,
      });
    } finally {
      await collector.stop();
    }
  } finally {
    await sink.stop();
  }
}

async function measureRunning(
  subject: Case,
  rival: Rival,
  round: number,
  programs: Programs,
  options: Options,
  sink: Sink,
  collector: Collector,
): Promise<Measurement> {
  const load = { ...subject, target: collector.endpoint, order: options.order, connections: options.connections };
  const warmUp = await generate(programs.generate, { ...load, items: Math.max(subject.items / 3, 100_000) });
  await delivered(sink, subject.kind, [warmUp]);
  const processes = processTree(collector.pid);
  resetPeakRss(processes);
  const cpuBefore = cpuSeconds(processes);
  const report = await generate(programs.generate, load);
  await delivered(sink, subject.kind, [warmUp, report]);
  return {
    name: subject.name,
    rival,
    round,
    workers: rival === 'ours' ? options.workers : 'GOMAXPROCS',
    items: report.items,
    cpuPerMillion: ((cpuSeconds(processes) - cpuBefore) / report.items) * 1e6,
    peakRssMb: peakRssMb(processes),
    itemsPerSecond: report.items / report.seconds,
    ackP99Ms: report.ack_ms.p99,
    retries: report.retries,
    retryReason: report.retry_reason,
  };
}

/**
 * Waits until the next hop has as many items as were acknowledged, then holds the checksums against each other. With
 * retries an item may come twice (its first acknowledgement was refused after it was taken): that is at-least-once,
 * so only then more is no error.
 */
export async function delivered(sink: Sink, kind: ItemKind, reports: readonly LoadReport[]): Promise<SinkCounts> {
  const sent = reports.reduce((sum, report) => sum + report.items, 0);
  const retried = reports.some((report) => report.retries > 0);
  let received = 0;
  const counts = await waitFor(
    async () => {
      const now = await sink.counts();
      if (now.errors.length > 0) throw new Error(`the next hop could not read what it got: ${now.errors.join('; ')}`);
      received = itemsOf(now, kind);
      return received >= sent ? now : undefined;
    },
    () => `lost: ${sent} ${kind} were acknowledged, ${received} arrived`,
    120_000,
  );
  if (received > sent && !retried) throw new Error(`doubled: ${sent} ${kind} were sent, ${received} arrived`);
  const arrived = counts.otlp[kind];
  const checksum = reports.reduce((sum, report) => BigInt.asUintN(64, sum + BigInt(report.checksum)), 0n);
  if (arrived !== undefined && received === sent && BigInt(arrived.checksum) !== checksum) {
    throw new Error(`changed: ${sent} ${kind} arrived, but they are not those that were sent`);
  }
  return counts;
}

/** Tables that hold one row per item, ours and those of the upstream exporter. */
const itemTables: Record<ItemKind, RegExp> = {
  spans: /^otel\.(spans|otel_traces)$/,
  logs: /^otel\.(logs|otel_logs)$/,
  metrics: /^otel\.(samples|histograms|exponential_histograms|summaries|otel_metrics_\w+)$/,
};

function itemsOf(counts: SinkCounts, kind: ItemKind): number {
  const otlp = counts.otlp[kind];
  if (otlp !== undefined) return otlp.items;
  return Object.entries(counts.rows).reduce((sum, [table, rows]) => sum + (itemTables[kind].test(table) ? rows : 0), 0);
}
