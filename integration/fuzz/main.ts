/**
 * `npm run fuzz`: random OTLP against the collector's readers and writers.
 *
 *     npm run fuzz -- [--cases N] [--seed S] [--signal traces|metrics|logs|profiles] [--case INDEX]
 *
 * Every case is made from the seed and its number alone, so `--seed S --signal X --case INDEX` makes a finding again.
 */
import { parseArgs } from 'node:util';
import { type Signal, signals } from '../../pdata/batch.ts';
import { type Campaign, type Figures, type Finding, runCampaign } from './campaign.ts';
import { sdkRequests } from './seeds.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    signal: { type: 'string' },
    case: { type: 'string' },
  },
});

const chosen = signals.filter((signal) => values.signal === undefined || signal === values.signal);
if (chosen.length === 0) throw new Error(`--signal ${values.signal}: one of ${signals.join(', ')} is expected`);
const samples = await sdkRequests();
const most = 20;
let findings = 0;
for (const signal of chosen) {
  const startMs = performance.now();
  const from = values.case === undefined ? 0 : Number(values.case);
  const to = values.case === undefined ? Number(values.cases) : from + 1;
  const seed = Number(values.seed);
  const campaign: Campaign = { signal, seed, from, to, samples: samples[signal], caseLimitMs: 1000, onFinding };
  report(signal, runCampaign(campaign), performance.now() - startMs);
}
if (findings > 0) console.log(`${findings} findings${findings > most ? `, the first ${most} shown` : ''}`);
process.exitCode = findings > 0 ? 1 : 0;

function onFinding({ signal, seed, index, bytes, error }: Finding): void {
  if (++findings > most) return;
  console.log(
    `--seed ${seed} --signal ${signal} --case ${index}: ${error.stack}\n  ${Buffer.from(bytes).toString('hex')}`,
  );
}

function report(signal: Signal, { cases, accepted, refused, bytes, slowestMs }: Figures, tookMs: number): void {
  const rate = Math.round((cases / tookMs) * 1000);
  const size = Math.round(bytes / cases);
  const memoryMb = Math.round(process.memoryUsage.rss() / 1e6);
  console.log(
    `${signal}: ${cases} cases of ${size} bytes, ${accepted} accepted, ${refused} refused, ${rate}/s, ` +
      `slowest ${slowestMs.toFixed(1)} ms, ${memoryMb} MB resident`,
  );
}
