/**
 * `npm run fuzz`: random and spoilt input against what reads it; `npm run fuzz -- --help` tells how.
 *
 * Every case is made from the seed and its number alone: the options that a finding is printed with make it again.
 */
import { readCommandLine } from '../kit/command-line.ts';
import { parseOptions, usage } from './options.ts';
import { fuzzOtlp } from './otlp.ts';
import { fuzzPackets } from './packets.ts';
import { fuzzParsers } from './parsers.ts';

process.exit((await run()) > 0 ? 1 : 0);

/** The number of findings. */
function run(): Promise<number> {
  const options = readCommandLine(usage, () => parseOptions(process.argv.slice(2)));
  switch (options.campaign) {
    case 'otlp':
      return fuzzOtlp(options);
    case 'packets':
      return fuzzPackets(options);
    case 'parsers':
      return fuzzParsers(options);
    default:
      return options satisfies never;
  }
}
