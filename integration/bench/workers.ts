/** `workers`: what a second worker costs, as CPU per item with two ÷ with one. */
import type { Programs } from './build.ts';
import { casesOf } from './cases.ts';
import type { Comparison } from './compare.ts';
import { type Measurement, measure } from './measure.ts';
import type { Options } from './options.ts';
import { formatTable, median, spread } from './report.ts';

/** Enough that the kernel, which deals connections to workers by hash, gives each of them some. */
const enoughConnections = 16;

export async function compareWorkers(programs: Programs, options: Options): Promise<Comparison> {
  const [subject] = casesOf('otlp', { ...options, only: options.only ?? /^otlp\/spans\/1000$/ });
  const connections = options.connections ?? enoughConnections;
  const measurements: Measurement[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const workers of ['1', '2']) {
      const result = await measure(subject!, 'ours', round, programs, { ...options, connections, workers });
      measurements.push(result);
      console.log(
        `round ${round}/${options.rounds}  --workers ${workers}  ${result.cpuPerMillion.toFixed(2)} CPU-s/M  ${result.peakRssMb.toFixed(0)} MB`,
      );
    }
  }
  const of = (workers: string) => measurements.filter((one) => one.workers === workers);
  const rows = ['1', '2'].map((workers) => [
    subject!.name,
    workers,
    spread(
      of(workers).map(({ cpuPerMillion }) => cpuPerMillion),
      2,
    ),
    spread(
      of(workers).map(({ peakRssMb }) => peakRssMb),
      0,
    ),
  ]);
  console.log(`\n${formatTable({ heads: ['case', 'workers', 'CPU-s per M items', 'peak RSS MB'], rows })}\n`);
  const ratios = of('1').map((one, index) => of('2')[index]!.cpuPerMillion / one.cpuPerMillion);
  return { measurements, ratios: [{ name: 'workers/2', value: median(ratios) }], failures: [] };
}
