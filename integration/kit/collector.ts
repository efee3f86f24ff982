/** The real binary as a child process: started with a configuration, watched, stopped or killed by its pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { until } from './wait.ts';

export const root = join(import.meta.dirname, '..', '..');
const binary = join(root, 'bin', 'otelcol-deepflow');
const readyLine = 'Everything is ready. Begin running and processing data.';

/** Whoever something is made for and ends with: the context of a test, or what cleans up after several. */
export interface Owner {
  after(cleanUp: () => Promise<void> | void): void;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Collector {
  pid: number;
  /** Everything it has printed on both streams. */
  output(): string;
  /** Resolves when the process has ended. */
  exited: Promise<Exit>;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<Exit>;
  /** kill -9, then waits for the end. */
  kill(): Promise<Exit>;
  /** Resident memory now. */
  rssBytes(): number;
}

export interface RunOptions {
  /** Working directory; relative paths of the configuration begin here. */
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** A folder that is gone when the test has ended. */
export function temporaryFolder(t: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'otelcol-deepflow-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return folder;
}

/**
 * Starts the binary and waits until it says that it is ready; it is stopped when the test ends.
 * @param files configuration files, merged first
 * @param texts YAML, merged over them
 */
export async function startCollector(
  t: Owner,
  files: readonly string[],
  texts: readonly string[],
  options: RunOptions = {},
): Promise<Collector> {
  const collector = runCollector(t, files, texts, options);
  let exit: Exit | undefined;
  void collector.exited.then((seen) => {
    exit = seen;
  });
  const waited = await until('the ready line or the end', 60_000, async () => {
    return collector.output().includes(readyLine) ? 'ready' : exit !== undefined && 'ended';
  }).catch(() => 'still not ready after 60 s');
  if (waited === 'ready') return collector;
  throw new Error(`the collector ${waited} (${JSON.stringify(exit)}); it printed:\n${collector.output()}`);
}

/** Starts the binary and does not wait: for tests of what it says when it cannot start. */
export function runCollector(
  t: Owner,
  files: readonly string[],
  texts: readonly string[],
  options: RunOptions = {},
): Collector {
  const folder = temporaryFolder(t);
  const written = texts.map((text, index) => {
    const path = join(folder, `${index}.yaml`);
    writeFileSync(path, text);
    return path;
  });
  const args = [...files, ...written].flatMap((path) => ['--config', path]);
  const child = spawn(binary, args, {
    cwd: options.cwd ?? folder,
    env: withNode(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const collector = watch(child);
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const slow = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await collector.stop();
    clearTimeout(slow);
  });
  return collector;
}

/** The environment with this very Node.js first in PATH, for the launcher of the binary. */
export function withNode(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, PATH: dirname(process.execPath) + delimiter + process.env.PATH, ...extra };
}

function watch(child: ChildProcess): Collector {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Exit);
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  return {
    pid: child.pid!,
    output: () => output,
    exited,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    rssBytes: () => statusBytes(child.pid!, 'VmRSS'),
  };
}

/** A figure of /proc/PID/status: VmRSS is resident now, VmHWM its highest so far. */
export function statusBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) * 1024;
}

/** The children of a process, by pid. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(/\s+/).map(Number);
}
