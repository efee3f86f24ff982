/**
 * `npm run fuzz -- parsers [--cases N] [--seed S] [--only PROTOCOL] [--case INDEX]`: spoilt conversations against every parser.
 *
 * Nothing may throw, take long, or hold memory; every call must become a span that is read again. N cases are played per protocol, and
 * for each 5000 of them a stream of 64 MiB that goes nowhere.
 */
import { runEndlessCampaign } from './endless-streams.ts';
import type { ParserOptions } from './options.ts';
import { runParserCampaign } from './parser-campaign.ts';
import { parserSeeds } from './parser-seeds.ts';

const mostShown = 20;
const casesPerEndless = 5000;
const endlessBytes = 64 * 1024 * 1024;

/** Returns the number of findings. */
export async function fuzzParsers({ protocols, cases: wanted, seed, case: only }: ParserOptions): Promise<number> {
  const seeds = await parserSeeds();
  let findings = 0;
  for (const name of protocols) {
    const conversations = seeds.get(name)?.length ?? 0;
    if (conversations === 0) {
      console.log(`${name}: no capture of it is at hand`);
      continue;
    }
    const before = findings;
    const startMs = performance.now();
    const from = only ?? 0;
    const figures = runParserCampaign({
      protocol: name,
      seed,
      from,
      to: only === undefined ? wanted : only + 1,
      seeds,
      caseLimitMs: 250,
      onFinding(index, pieces, error) {
        if (++findings - before > mostShown) return;
        console.log(`parsers --only ${name} --seed ${seed} --case ${index}: ${error.stack}`);
        if (only === undefined) return;
        for (const { side, bytes, lost } of pieces)
          console.log(side, lost > 0 ? `${lost} lost` : bytes.toString('hex'));
      },
    });
    const { cases, pieces, messages, spans, slowestMs, slowestCase, memoryBytes } = figures;
    const rate = Math.round((cases / (performance.now() - startMs)) * 1000);
    console.log(
      `${name}: ${cases} cases of ${conversations} conversations, ${pieces} pieces, ${messages} messages, ` +
        `${spans} spans, ${rate}/s, slowest ${slowestMs.toFixed(1)} ms (case ${slowestCase}), ` +
        `${Math.round(memoryBytes / 1e6)} MB resident, ${findings - before} findings`,
    );
    if (only !== undefined) continue;
    const endless = await runEndlessCampaign({
      protocol: name,
      seed,
      rounds: Math.ceil(wanted / casesPerEndless),
      seeds,
      streamBytes: endlessBytes,
      streamMs: 2000,
      pieceLimitMs: 250,
      onFinding(what, error) {
        findings++;
        console.log(`parsers --only ${name} --seed ${seed}: ${what}: ${error.stack}`);
      },
    });
    console.log(
      `${name}: ${endless.streams} endless streams, ${Math.round(endless.bytes / 1e6)} MB, slowest piece ` +
        `${endless.slowestMs.toFixed(1)} ms, at most ${(endless.heldBytes / 1e6).toFixed(1)} MB held`,
    );
  }
  return findings;
}
