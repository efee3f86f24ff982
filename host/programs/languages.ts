/** The list of languages whose programs are not named by their executable, and which of them a process is. */
import type { ProcessFacts } from '../processes.ts';
import { java } from './java.ts';
import { node } from './node.ts';
import { baseName, type Language } from './program.ts';
import { python } from './python.ts';
import { dotnet, erlang, perl, php, phpFpm, ruby, shell } from './scripts.ts';

const languages: Language[] = [java, python, node, phpFpm, php, ruby, dotnet, perl, erlang, shell];

export function languageOf(facts: ProcessFacts): Language | undefined {
  const executable = executableName(facts);
  return languages.find((language) => language.runs(executable));
}

/**
 * Base name of the executable; where that may not be read, of what it was started as, unless a title is written there, or
 * else `comm`, which a thread may have renamed. Programs that are many in one file are what they were called as.
 */
export function executableName({ executable, args, name }: ProcessFacts): string {
  const [first = ''] = args;
  // A login shell is called `-bash`; what holds a colon or a blank is a title.
  const called = /[\s:]/.test(first) ? '' : baseName(first).replace(/^-/, '');
  // A file that only ever was in memory (`/memfd:name`) is named after what it is for, not after the program.
  if (executable === undefined || executable.startsWith('/memfd:')) return called || name;
  const own = baseName(executable);
  if (own !== 'busybox' && own !== 'toybox') return own;
  return called === own ? (args[1] ?? own) : called || own;
}
