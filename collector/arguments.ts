/** The command line, read by hand: a command, and the flags that it takes. */
import { availableParallelism } from 'node:os';
import { suggestion } from '../component/suggest.ts';

export const commands = [
  'run',
  'validate',
  'components',
  'print-config',
  'featuregate',
  'schema',
  'doctor',
  'help',
  'version',
] as const;
export type Command = (typeof commands)[number];

export interface Arguments {
  command: Command;
  /** Words after the command. */
  rest: string[];
  config: string[];
  set: string[];
  featureGates: string[];
  /** Number of pipeline workers; 1 runs the pipelines in the main thread. */
  workers: number;
  /** print-config: yaml or json. */
  format: string;
  /** print-config: redacted or unredacted. */
  mode: string;
  /** print-config: whether the configuration is checked first. */
  validate: boolean;
  /** doctor: features without which the exit code is 1. */
  require: string[];
  /** doctor: print JSON. */
  json: boolean;
  /** doctor: processes without network connections too. */
  all: boolean;
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const takesValue = ['config', 'set', 'feature-gates', 'workers', 'format', 'mode', 'require'] as const;
const known = [...takesValue, 'validate', 'json', 'all', 'help', 'version'];
const subcommands: Record<string, Command> = {
  validate: 'validate',
  components: 'components',
  'print-config': 'print-config',
  'print-initial-config': 'print-config',
  featuregate: 'featuregate',
  schema: 'schema',
  doctor: 'doctor',
  help: 'help',
};

/** `words` are those after the program's name. Throws a {@link UsageError}. */
export function readArguments(words: readonly string[]): Arguments {
  const result: Arguments = {
    command: 'run',
    rest: [],
    config: [],
    set: [],
    featureGates: [],
    workers: 1,
    format: 'yaml',
    mode: 'redacted',
    validate: true,
    require: [],
    json: false,
    all: false,
  };
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (!word.startsWith('-') || word === '-') {
      addWord(result, word);
      continue;
    }
    const { name, inline } = splitFlag(word);
    if (takesValue.includes(name as (typeof takesValue)[number])) {
      const value = inline ?? words[++index];
      if (value === undefined) throw new UsageError(`flag needs an argument: --${name}`);
      setFlag(result, name, value);
    } else {
      setSwitch(result, name, inline);
    }
  }
  return result;
}

function addWord(result: Arguments, word: string): void {
  const command = subcommands[word];
  if (result.command !== 'run') result.rest.push(word);
  else if (command) result.command = command;
  else
    throw new UsageError(
      `unknown command "${word}" for "otelcol-deepflow"${suggestion(word, Object.keys(subcommands))}`,
    );
}

/** `--name=value`, `--name`, `-name` (as Go programs take it), `-v`, `-h`. */
function splitFlag(word: string): { name: string; inline: string | undefined } {
  const bare = word.replace(/^--?/, '');
  const equals = bare.indexOf('=');
  const short = equals < 0 ? bare : bare.slice(0, equals);
  const name = short === 'v' ? 'version' : short === 'h' ? 'help' : short;
  return { name, inline: equals < 0 ? undefined : bare.slice(equals + 1) };
}

function setFlag(result: Arguments, name: string, value: string): void {
  switch (name) {
    case 'config':
      return void result.config.push(value);
    case 'set':
      if (!value.includes('='))
        throw new UsageError(`invalid argument "${value}" for "--set" flag: missing equal sign`);
      return void result.set.push(value);
    case 'feature-gates':
      return void result.featureGates.push(value);
    case 'workers':
      result.workers = readWorkers(value);
      return;
    case 'require':
      return void result.require.push(...value.split(','));
    case 'format':
      if (value !== 'yaml' && value !== 'json') throw new UsageError(`--format ${value}: write yaml or json`);
      result.format = value;
      return;
    default:
      if (value !== 'redacted' && value !== 'unredacted')
        throw new UsageError(`--mode ${value}: write redacted or unredacted`);
      result.mode = value;
  }
}

function setSwitch(result: Arguments, name: string, inline: string | undefined): void {
  switch (name) {
    case 'help':
      result.command = 'help';
      return;
    case 'version':
      result.command = 'version';
      return;
    case 'validate':
      result.validate = inline !== 'false';
      return;
    case 'json':
    case 'all':
      result[name] = inline !== 'false';
      return;
    default:
      throw new UsageError(`unknown flag: --${name}${suggestion(name, known)}`);
  }
}

function readWorkers(value: string): number {
  if (value === 'auto') return availableParallelism();
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new UsageError(`--workers ${value}: write a number from 1 to 256, or auto for one per core`);
  }
  return count;
}
