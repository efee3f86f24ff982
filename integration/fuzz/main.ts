/**
 * `npm run fuzz`: random OTLP against the collector's readers and writers; `npm run fuzz -- packets`: packets.ts;
 * `npm run fuzz -- parsers`: parsers.ts.
 *
 *     npm run fuzz -- [--cases N] [--seed S] [--signal traces|metrics|logs|profiles]
 *                     [--encoding protobuf|json] [--case INDEX] [--go]
 *
 * Every case is made from the seed and its number alone: the options that a finding is printed with make it again.
 * With `--go` the cases are compared with the Go Collector's library as well, which needs Go.
 */
import { parseArgs } from 'node:util';
import { signals } from '../../pdata/batch.ts';
import { type Campaign, type Figures, type Finding, runCampaign } from './campaign.ts';
import { runGoCampaign } from './go-campaign.ts';
import { GoReader } from './go-reader.ts';
import { fuzzPackets } from './packets.ts';
import { fuzzParsers } from './parsers.ts';
import { sdkRequests } from './seeds.ts';

if (process.argv[2] === 'packets') process.exit((await fuzzPackets(process.argv.slice(3))) > 0 ? 1 : 0);
if (process.argv[2] === 'parsers') process.exit((await fuzzParsers(process.argv.slice(3))) > 0 ? 1 : 0);

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    signal: { type: 'string' },
    encoding: { type: 'string' },
    case: { type: 'string' },
    go: { type: 'boolean', default: false },
  },
});

const chosen = signals.filter((signal) => values.signal === undefined || signal === values.signal);
if (chosen.length === 0) throw new Error(`--signal ${values.signal}: one of ${signals.join(', ')} is expected`);
const encodings = (['protobuf', 'json'] as const).filter(
  (encoding) => values.encoding === undefined || encoding === values.encoding,
);
if (encodings.length === 0) throw new Error(`--encoding ${values.encoding}: protobuf or json is expected`);
const samples = await sdkRequests();
const most = 20;
const go = values.go ? new GoReader() : undefined;
let findings = 0;
for (const signal of chosen) {
  for (const encoding of encodings) {
    const startMs = performance.now();
    const from = values.case === undefined ? 0 : Number(values.case);
    const to = values.case === undefined ? Number(values.cases) : from + 1;
    const shared = { signal, encoding, seed: Number(values.seed), samples: samples[signal] };
    const campaign: Campaign = { ...shared, from, to, caseLimitMs: 1000, onFinding };
    report(`${signal}, ${encoding}`, runCampaign(campaign), performance.now() - startMs);
    if (go === undefined) continue;
    const goStartMs = performance.now();
    report(`${signal}, ${encoding}, Go`, await runGoCampaign(campaign, go), performance.now() - goStartMs);
  }
}
go?.close();
if (findings > 0) console.log(`${findings} findings${findings > most ? `, the first ${most} shown` : ''}`);
process.exitCode = findings > 0 ? 1 : 0;

function onFinding({ signal, encoding, seed, index, bytes, error }: Finding): void {
  if (++findings > most) return;
  console.log(`--seed ${seed} --signal ${signal} --encoding ${encoding} --case ${index}: ${error.stack}`);
  console.log(encoding === 'json' ? Buffer.from(bytes).toString() : Buffer.from(bytes).toString('hex'));
}

function report(what: string, { cases, accepted, refused, bytes, slowestMs }: Figures, tookMs: number): void {
  const rate = Math.round((cases / tookMs) * 1000);
  const size = Math.round(bytes / cases);
  const memoryMb = Math.round(process.memoryUsage.rss() / 1e6);
  console.log(
    `${what}: ${cases} cases of ${size} bytes, ${accepted} accepted, ${refused} refused, ${rate}/s, ` +
      `slowest ${slowestMs.toFixed(1)} ms, ${memoryMb} MB resident`,
  );
}
