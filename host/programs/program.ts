/** What the naming of programs works with: a process, the few variables we read, and its files as it sees them. */

import type { Environment } from '../environment.ts';
import { readForeignText, readLink } from '../proc-file.ts';
import type { ProcessFacts } from '../processes.ts';

export interface Program {
  facts: ProcessFacts;
  environment: Environment;
  /** Text of a file as the process sees it; relative paths are those of its working directory. */
  read(path: string): string | undefined;
  /** An absolute path for a path as the process was given it. */
  resolve(path: string): string;
}

/** A name for a service, and what it was taken from in words for the operator. */
export interface Naming {
  name: string;
  source: string;
  version?: string | undefined;
}

/** A language whose programs are run by one executable for all. */
export interface Language {
  /** As `doctor` shows it. */
  language: string;
  /** `process.runtime.name`: what OpenTelemetry's SDK of this language says. */
  runtime: string;
  /** Base name of the executable, without version. */
  runs(executable: string): boolean;
  nameOf(program: Program): Naming | undefined;
  /** `process.runtime.version`, where a small file beside the executable tells. */
  versionOf?(program: Program): string | undefined;
}

const maxFileBytes = 64 * 1024;

/** Files are only read when a naming asks for them. */
export function openProgram(facts: ProcessFacts, environment: Environment, proc = '/proc'): Program {
  const folder = `${proc}/${facts.pid}`;
  let directory: string | undefined;
  const resolve = (path: string): string => {
    if (!path.startsWith('/')) {
      if (directory === undefined) {
        const link = readLink(`${folder}/cwd`);
        directory = typeof link === 'string' ? '/' : link.target;
      }
      path = `${directory}/${path}`;
    }
    return normalise(path);
  };
  // Normalised, so that `..` in a command line does not lead out of the process's root.
  return {
    facts,
    environment,
    resolve,
    read: (path) => readForeignText(`${folder}/root${resolve(path)}`, maxFileBytes),
  };
}

function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `python3.11` is python, `php-fpm8.2` is php-fpm. */
export function withoutVersion(executable: string): string {
  return executable.replace(/-?\d+(\.\d+)*$/, '') || executable;
}

/** File names that say what part of a program they are, not which program it is. */
const generic =
  /^(__main__|main|app|application|server|serve|service|index|start|run|wsgi|asgi|manage|cli|www|worker|web|api|console|artisan|rails|rake|config|boot|bootstrap|entrypoint|handler|program)$/i;

/** Folders that every program may be in. */
const common =
  /^(|app|apps|application|applications|src|source|code|bin|sbin|lib|lib64|libexec|dist|build|out|public|target|release|publish|current|releases|scripts|srv|opt|usr|local|var|www|html|home|root|tmp|workspace|workdir|work|server|service|services|site|site-packages|packages|node_modules|share|data|main|web|\d+)$/i;

/**
 * The name of a script: that of its file, or, where it is one of those that say nothing (`main.py`), that of the next folder
 * above it that says something.
 */
export function nameOfScript(path: string, extension: RegExp): string {
  const name = baseName(path).replace(extension, '');
  if (!generic.test(name)) return name;
  return nameOfFolder(path.slice(0, path.lastIndexOf('/'))) ?? name;
}

/** The same for an executable, in whose folder a compiler may have put it for one run only (`go run`). */
export function nameOfExecutable(name: string, path: string, directory: () => string): string {
  if (!/^(main|app|application|server|service|a\.out|exe)$/.test(name)) return name;
  const folder = path.slice(0, path.lastIndexOf('/'));
  return nameOfFolder(folder.startsWith('/tmp/') ? directory() : folder) ?? name;
}

/** The innermost folder of an absolute path that says something. */
export function nameOfFolder(folder: string): string | undefined {
  const folders = folder.split('/').filter((part) => part !== '');
  // The home of a user is named after the user.
  if (folders[0] === 'home') folders.splice(0, 2);
  return folders.findLast((part) => !common.test(part) && !part.startsWith('.'));
}

/** `checkout-1.4.2-SNAPSHOT` is version 1.4.2-SNAPSHOT of checkout. */
export function splitVersion(name: string): { name: string; version: string | undefined } {
  const found = /^(.+?)[-_]v?(\d+(?:\.\d+)+(?:[-.+][0-9A-Za-z.+-]+)?|\d+\.\d+\S*)$/.exec(name);
  return found === null ? { name, version: undefined } : { name: found[1]!, version: found[2] };
}
