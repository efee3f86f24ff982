/**
 * `npm run fuzz -- parsers [--cases N] [--seed S] [--only PROTOCOL] [--case INDEX]`: spoilt conversations against every parser.
 *
 * Nothing may throw, take long, or hold memory; every call must become a span that is read again. N cases are played per protocol, and
 * for each 5000 of them a stream of 64 MiB that goes nowhere.
 */
import { parseArgs } from 'node:util';
import { protocols } from '../../flow/l7/protocols.ts';
import { runEndlessCampaign } from './endless-streams.ts';
import { runParserCampaign } from './parser-campaign.ts';
import { parserSeeds } from './parser-seeds.ts';

const mostShown = 20;
const casesPerEndless = 5000;
const endlessBytes = 64 * 1024 * 1024;

/** Returns the number of findings. */
export async function fuzzParsers(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      case: { type: 'string' },
    },
  });
  const chosen = protocols.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0) {
    throw new Error(`--only ${values.only}: one of ${protocols.map(({ name }) => name).join(', ')} is expected`);
  }
  const seeds = await parserSeeds();
  let findings = 0;
  for (const { name } of chosen) {
    const conversations = seeds.get(name)?.length ?? 0;
    if (conversations === 0) {
      console.log(`${name}: no capture of it is at hand`);
      continue;
    }
    const before = findings;
    const startMs = performance.now();
    const from = values.case === undefined ? 0 : Number(values.case);
    const figures = runParserCampaign({
      protocol: name,
      seed: Number(values.seed),
      from,
      to: values.case === undefined ? Number(values.cases) : from + 1,
      seeds,
      caseLimitMs: 250,
      onFinding(index, pieces, error) {
        if (++findings - before > mostShown) return;
        console.log(`parsers --only ${name} --seed ${values.seed} --case ${index}: ${error.stack}`);
        if (values.case === undefined) return;
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
    if (values.case !== undefined) continue;
    const endless = await runEndlessCampaign({
      protocol: name,
      seed: Number(values.seed),
      rounds: Math.ceil(Number(values.cases) / casesPerEndless),
      seeds,
      streamBytes: endlessBytes,
      streamMs: 2000,
      pieceLimitMs: 250,
      onFinding(what, error) {
        findings++;
        console.log(`parsers --only ${name} --seed ${values.seed}: ${what}: ${error.stack}`);
      },
    });
    console.log(
      `${name}: ${endless.streams} endless streams, ${Math.round(endless.bytes / 1e6)} MB, slowest piece ` +
        `${endless.slowestMs.toFixed(1)} ms, at most ${(endless.heldBytes / 1e6).toFixed(1)} MB held`,
    );
  }
  return findings;
}
