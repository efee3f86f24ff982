/** `soak`: half of the top rate for minutes; memory must not grow, nothing may be lost, acknowledgements stay quick. */
import { setInterval } from 'node:timers';
import type { Programs } from './build.ts';
import { casesOf } from './cases.ts';
import { type Collector, pipelineOf, startCollector } from './collector.ts';
import { generate, type LoadReport } from './generator.ts';
import { delivered } from './measure.ts';
import type { Options } from './options.ts';
import { processTree, rssMb } from './proc.ts';
import { formatTable } from './report.ts';
import { startSink } from './sink.ts';

export interface Soak {
  itemsPerSecond: number;
  report: LoadReport;
  /** RSS every five seconds. */
  rssMb: number[];
  /** Mean RSS of the last third ÷ that of the middle third, less 1. */
  growth: number;
}

const sampleEveryMs = 5_000;

/** Throws when an item was lost, doubled or changed. */
export async function soak(programs: Programs, options: Options): Promise<Soak> {
  const [subject] = casesOf('otlp', { ...options, only: options.only ?? /^otlp\/spans\/1000$/ });
  const sink = await startSink(programs.sink);
  const collector = await startCollector('ours', programs, options.workers, pipelineOf(subject!, 'ours', sink));
  try {
    const load = { ...subject!, target: collector.endpoint, order: options.order, connections: options.connections };
    const top = await generate(programs.generate, { ...load, items: 2_000_000 });
    const rate = top.items / top.seconds / 2;
    const seconds = options.minutes * 60;
    console.log(
      `top rate ${Math.round(top.items / top.seconds)} items/s; ${options.minutes} minutes at ${Math.round(rate)} …`,
    );
    const samples: number[] = [];
    const timer = setInterval(() => samples.push(sample(collector)), sampleEveryMs);
    const report = await generate(programs.generate, { ...load, items: rate * seconds, rate }).finally(() =>
      clearInterval(timer),
    );
    await delivered(sink, subject!.kind, [top, report]);
    const result = { itemsPerSecond: report.items / report.seconds, report, rssMb: samples, growth: growthOf(samples) };
    print(result);
    return result;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n--- our collector said:\n${collector.child.stderrTail()}`, {
      cause: error,
    });
  } finally {
    await collector.stop();
    await sink.stop();
  }
}

function sample(collector: Collector): number {
  return rssMb(processTree(collector.pid));
}

/** Compares the two last thirds: the first one is for caches and the heap to find their size. */
export function growthOf(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return third === 0 ? 0 : mean(samples.slice(-third)) / mean(samples.slice(-2 * third, -third)) - 1;
}

function print({ itemsPerSecond, report, rssMb: samples, growth }: Soak): void {
  const rows = [
    ['items acknowledged and delivered', String(report.items)],
    ['items a second', itemsPerSecond.toFixed(0)],
    ['acknowledgement p50 / p99 / max ms', `${report.ack_ms.p50} / ${report.ack_ms.p99} / ${report.ack_ms.max}`],
    ['requests sent again', String(report.retries)],
    [
      'RSS MB, one a minute',
      samples
        .filter((_, index) => index % 12 === 11)
        .map((value) => value.toFixed(0))
        .join(' '),
    ],
    ['growth of RSS, last third ÷ middle third', `${(growth * 100).toFixed(1)} %`],
  ];
  console.log(`\n${formatTable({ heads: ['soak', ''], rows })}\n`);
}
