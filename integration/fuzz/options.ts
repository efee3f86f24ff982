/** The command line of `npm run fuzz`: which campaign, how many cases, from which seed. */
import { parseArgs } from 'node:util';
import { protocols } from '../../flow/l7/protocols.ts';
import { type Signal, signals } from '../../pdata/batch.ts';

export const usage = `npm run fuzz -- [packets|parsers] [options]

            random OTLP against the collector's readers and writers
  packets   spoilt frames against the packet decoder
  parsers   spoilt conversations against every parser

  --cases N             cases of each signal and encoding, of frames, or of each protocol (100000; packets: 1000000)
  --seed S              what all cases are made from (1)
  --case INDEX          one case alone, as a finding names it (not packets)
  --only PROTOCOL       one parser alone
  --signal SIGNAL       ${signals.join(', ')}: one of them alone
  --encoding ENCODING   protobuf or json alone
  --go                  OTLP: compare with the Go Collector's library as well, which needs Go`;

const encodings = ['protobuf', 'json'] as const;
type Encoding = (typeof encodings)[number];
const text = { type: 'string' } as const;

/** Of all campaigns. `case` alone is played where it is given. */
interface Cases {
  cases: number;
  seed: number;
  case: number | undefined;
}

export interface OtlpOptions extends Cases {
  campaign: 'otlp';
  signals: readonly Signal[];
  encodings: readonly Encoding[];
  go: boolean;
}

export interface PacketOptions extends Omit<Cases, 'case'> {
  campaign: 'packets';
}

export interface ParserOptions extends Cases {
  campaign: 'parsers';
  protocols: readonly string[];
}

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(args: string[]): OtlpOptions | PacketOptions | ParserOptions {
  if (args[0] === 'packets') {
    const { values } = parseArgs({ args: args.slice(1), options: { cases: text, seed: text } });
    const { cases, seed } = numbers({ cases: '1000000', ...values });
    return { campaign: 'packets', cases, seed };
  }
  if (args[0] === 'parsers') {
    const options = { cases: text, seed: text, case: text, only: text };
    const { values } = parseArgs({ args: args.slice(1), options });
    const names = protocols.map(({ name }) => name);
    return { campaign: 'parsers', ...numbers(values), protocols: chosen('only', values.only, names) };
  }
  const { values } = parseArgs({
    args,
    options: {
      cases: text,
      seed: text,
      case: text,
      signal: text,
      encoding: text,
      go: { type: 'boolean', default: false },
    },
  });
  return {
    campaign: 'otlp',
    ...numbers(values),
    signals: chosen('signal', values.signal, signals),
    encodings: chosen('encoding', values.encoding, encodings),
    go: values.go,
  };
}

function numbers(values: { cases?: string | undefined; seed?: string | undefined; case?: string | undefined }): Cases {
  return {
    cases: number('cases', values.cases ?? '100000'),
    seed: number('seed', values.seed ?? '1'),
    case: values.case === undefined ? undefined : number('case', values.case),
  };
}

function number(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`--${name} ${value}: a number is expected`);
  return Number(value);
}

function chosen<Name extends string>(name: string, value: string | undefined, all: readonly Name[]): readonly Name[] {
  const found = all.filter((one) => value === undefined || one === value);
  if (found.length === 0) throw new Error(`--${name} ${value}: one of ${all.join(', ')} is expected`);
  return found;
}
