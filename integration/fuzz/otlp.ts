/** `npm run fuzz`: random OTLP against the collector's readers and writers, and against the Go Collector's library. */
import { type Campaign, type Figures, type Finding, runCampaign } from './campaign.ts';
import { runGoCampaign } from './go-campaign.ts';
import { GoReader } from './go-reader.ts';
import type { OtlpOptions } from './options.ts';
import { sdkRequests } from './seeds.ts';

const mostShown = 20;

/** Returns the number of findings. */
export async function fuzzOtlp({
  signals,
  encodings,
  seed,
  cases,
  case: only,
  go: withGo,
}: OtlpOptions): Promise<number> {
  const samples = await sdkRequests();
  const go = withGo ? new GoReader() : undefined;
  const [from, to] = only === undefined ? [0, cases] : [only, only + 1];
  let findings = 0;
  const onFinding = (finding: Finding): void => {
    if (++findings <= mostShown) show(finding);
  };
  for (const signal of signals) {
    for (const encoding of encodings) {
      const startMs = performance.now();
      const campaign: Campaign = {
        signal,
        encoding,
        seed,
        samples: samples[signal],
        from,
        to,
        caseLimitMs: 1000,
        onFinding,
      };
      report(`${signal}, ${encoding}`, runCampaign(campaign), performance.now() - startMs);
      if (go === undefined) continue;
      const goStartMs = performance.now();
      report(`${signal}, ${encoding}, Go`, await runGoCampaign(campaign, go), performance.now() - goStartMs);
    }
  }
  go?.close();
  if (findings > 0) console.log(`${findings} findings${findings > mostShown ? `, the first ${mostShown} shown` : ''}`);
  return findings;
}

function show({ signal, encoding, seed, index, bytes, error }: Finding): void {
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
