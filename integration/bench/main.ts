/** The bench: `npm run bench -- COMMAND`; prints tables and ratios, writes the same as JSON. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readCommandLine } from '../kit/command-line.ts';
import { buildPrograms, type Programs } from './build.ts';
import { compare, type Ratio } from './compare.ts';
import { compareEbpf } from './ebpf/compare.ts';
import { describeMachine, machineLine } from './machine.ts';
import { type Command, type Options, parseOptions, usage } from './options.ts';
import { comparePackets } from './packets/compare.ts';
import { resultsDirectory, root } from './paths.ts';
import { soak } from './soak.ts';
import { measureStore } from './store.ts';
import { compareWorkers } from './workers.ts';

const options = readCommandLine(usage, () => parseOptions(process.argv.slice(2)));
const { command } = options;
// Go's Collector and the load generator take part in the pipeline's comparisons only.
const programs = command === 'packets' || command === 'ebpf' ? null : await buildPrograms();
const machine = describeMachine(programs);
console.log(`${machineLine(machine)}\n`);
const outcome = await run();
const file = writeResult({ options: { ...options, only: options.only?.source }, machine, ...outcome });
console.log(machineLine(machine));
console.log(`written: ${relative(root, file)}`);
for (const failure of outcome.failures) console.error(`FAILED ${failure}`);
for (const { name, value } of outcome.rates ?? []) console.log(`rate ${name}: ${value.toFixed(value < 1000 ? 2 : 0)}`);
for (const { name, value } of outcome.factors ?? []) console.log(`factor ${name}: ${value.toFixed(2)}`);
for (const { name, value } of outcome.ratios) console.log(`ratio ${name}: ${value.toFixed(2)}`);
process.exitCode = outcome.failures.length > 0 ? 1 : 0;

interface Outcome {
  /** Per CPU-second. */
  rates?: Ratio[];
  /** With ÷ without. */
  factors?: Ratio[];
  ratios: Ratio[];
  failures: string[];
  measurements: unknown;
}

async function run(): Promise<Outcome> {
  switch (command) {
    case 'packets':
      return comparePackets(options);
    case 'ebpf':
      return compareEbpf(options);
    default:
      return runPipeline(command, options, programs!);
  }
}

async function runPipeline(
  command: Exclude<Command, 'packets' | 'ebpf'>,
  options: Options,
  programs: Programs,
): Promise<Outcome> {
  switch (command) {
    case 'otlp':
    case 'clickhouse':
      return compare(command, programs, options);
    case 'workers':
      return compareWorkers(programs, options);
    case 'soak':
      return { ratios: [], failures: [], measurements: await soak(programs, options) };
    case 'store':
      return { ratios: [], failures: [], measurements: await measureStore(programs, options) };
    default:
      return command satisfies never;
  }
}

function writeResult(result: object): string {
  mkdirSync(resultsDirectory, { recursive: true });
  const time = new Date().toISOString().replaceAll(':', '').slice(0, 15);
  const file = join(resultsDirectory, `${time}-${options.command}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}
