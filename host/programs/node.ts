/** Names of programs that Node.js, Bun or Deno runs: from the package.json above the script, or the script. */
import { baseName, type Language, type Naming, nameOfScript, type Program } from './program.ts';

export const node: Language = {
  language: 'Node.js',
  runtime: 'nodejs',
  runs: (executable) => /^(node|nodejs|bun|deno)$/.test(executable),
  nameOf,
  versionOf,
};

/** Options whose value is the next argument. */
const withValue = new Set(
  '-r --require --import --loader --experimental-loader -C --conditions --env-file --title --stack-trace-limit --inspect-port --max-http-header-size --config -c --allow-fs-read --allow-fs-write'.split(
    ' ',
  ),
);
const extension = /\.([cm]?[jt]sx?)$/;
/** Folders above the script in which its package.json is looked for. */
const maxLevels = 6;

function nameOf(program: Program): Naming | undefined {
  const script = scriptOf(program);
  if (script === undefined) return undefined;
  if (script === '') return fromPackage(program, program.resolve('.'));
  const path = program.resolve(script);
  const folder = path.slice(0, path.lastIndexOf('/'));
  return fromPackage(program, folder) ?? { name: nameOfScript(path, extension), source: 'node script' };
}

/** Undefined: it runs no script; empty: a title has replaced the command line, so that only its folder is left. */
function scriptOf(program: Program): string | undefined {
  const { args } = program.facts;
  // A title is one text; that of some process managers is still a command line.
  const words = args.length === 1 && args[0]!.includes(' ') ? args[0]!.split(' ') : args;
  if (!/^(node|nodejs|bun|deno)$/.test(baseName(words[0] ?? ''))) return '';
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!;
    if (/^(-e|--eval|-p|--print|-pe|-i|--interactive)$/.test(word)) return undefined;
    if (withValue.has(word)) at += 1;
    else if (word !== 'run' && word !== 'start' && word !== 'serve' && !word.startsWith('-')) return word;
  }
  return undefined;
}

function fromPackage(program: Program, folder: string): Naming | undefined {
  for (let level = 0; level < maxLevels && folder !== ''; level++) {
    const text = program.read(`${folder}/package.json`);
    if (text !== undefined) {
      const found = parsePackage(text);
      // One without a name only says how files are to be read.
      if (found !== undefined) return found;
    }
    folder = folder.slice(0, folder.lastIndexOf('/'));
  }
  return undefined;
}

function parsePackage(text: string): Naming | undefined {
  try {
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    if (typeof name !== 'string' || name === '') return undefined;
    return { name, version: typeof version === 'string' ? version : undefined, source: 'package.json' };
  } catch {
    return undefined;
  }
}

/** Where Node.js was installed with its headers, one of them tells its version. */
function versionOf(program: Program): string | undefined {
  const root = program.facts.executable?.replace(/\/bin\/node(js)?$/, '');
  if (root === undefined || root === program.facts.executable) return undefined;
  const header = program.read(`${root}/include/node/node_version.h`);
  if (header === undefined) return undefined;
  const part = (name: string) => new RegExp(`^#define NODE_${name}_VERSION (\\d+)`, 'm').exec(header)?.[1];
  return `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`;
}
