/** `otlp` and `clickhouse`: every case with every rival, interleaved round by round, and the ratios. */
import type { Programs } from './build.ts';
import { type Case, casesOf, type Path, type Rival } from './cases.ts';
import { type Measurement, measure } from './measure.ts';
import type { Options } from './options.ts';
import { formatTable, median, spread, type Table } from './report.ts';

export interface Ratio {
  name: string;
  /** Go ÷ ours: more is better for us. */
  value: number;
}

export interface Comparison {
  measurements: Measurement[];
  ratios: Ratio[];
  failures: string[];
}

export async function compare(path: Path, programs: Programs, options: Options): Promise<Comparison> {
  const cases = casesOf(path, options);
  const measurements: Measurement[] = [];
  const failures: string[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const subject of cases) {
      for (const rival of subject.rivals) {
        const label = `round ${round}/${options.rounds}  ${subject.name.padEnd(24)} ${rival.padEnd(8)}`;
        try {
          const result = await measure(subject, rival, round, programs, options);
          measurements.push(result);
          console.log(
            `${label} ${result.cpuPerMillion.toFixed(2).padStart(7)} CPU-s/M  ${result.peakRssMb.toFixed(0).padStart(5)} MB` +
              (result.retries > 0 ? `  ${result.retries} requests sent again: ${result.retryReason}` : ''),
          );
        } catch (error) {
          failures.push(`${subject.name} ${rival} round ${round}: ${(error as Error).message}`);
          console.error(`${label} FAILED: ${(error as Error).message}`);
        }
      }
    }
  }
  console.log(`\n${formatTable(table(cases, measurements))}\n`);
  return { measurements, ratios: cases.flatMap((subject) => ratiosOf(subject, measurements)), failures };
}

function table(cases: readonly Case[], measurements: readonly Measurement[]): Table {
  const rows = cases.flatMap((subject) =>
    subject.rivals.map((rival) => {
      const rounds = measurements.filter(({ name, rival: who }) => name === subject.name && who === rival);
      return [
        subject.name,
        rival,
        spread(
          rounds.map(({ cpuPerMillion }) => cpuPerMillion),
          2,
        ),
        spread(
          rounds.map(({ peakRssMb }) => peakRssMb),
          0,
        ),
        spread(
          rounds.map(({ itemsPerSecond }) => itemsPerSecond / 1000),
          0,
        ),
        spread(
          rounds.map(({ ackP99Ms }) => ackP99Ms),
          1,
        ),
      ];
    }),
  );
  const heads = [
    'case',
    'collector',
    'CPU-s per M items',
    'peak RSS MB',
    'k items/s (all on one machine)',
    'ack p99 ms',
  ];
  return { heads, rows };
}

/** Medians of the rounds' own ratios: what drifts on the machine between rounds falls out. */
function ratiosOf(subject: Case, measurements: readonly Measurement[]): Ratio[] {
  const find = (rival: Rival, round: number) =>
    measurements.find((one) => one.name === subject.name && one.rival === rival && one.round === round);
  const rounds = measurements.filter(({ name, rival }) => name === subject.name && rival === 'ours');
  const ratio = (rival: Rival, key: 'cpuPerMillion' | 'peakRssMb') =>
    rounds.flatMap((ours) => {
      const theirs = find(rival, ours.round);
      return theirs === undefined ? [] : [theirs[key] / ours[key]];
    });
  const ratios = [
    { name: subject.name, values: ratio('go', 'cpuPerMillion') },
    { name: `rss/${subject.name}`, values: ratio('go', 'peakRssMb') },
  ];
  if (subject.rivals.includes('gogc400')) {
    ratios.push({ name: `${subject.name}/gogc400`, values: ratio('gogc400', 'cpuPerMillion') });
    ratios.push({ name: `rss/${subject.name}/gogc400`, values: ratio('gogc400', 'peakRssMb') });
  }
  return ratios.filter(({ values }) => values.length > 0).map(({ name, values }) => ({ name, value: median(values) }));
}
