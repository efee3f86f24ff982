/** A cgroup for a test: what runs in it is traced from its first system call, and nothing else on this host is. */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../../kit/collector.ts';

export interface Place {
  /** As `processes::cgroups` takes it. */
  cgroup: string;
  /** Moves a process that runs already. */
  move(pid: number): void;
  /** What is started meanwhile begins its life inside. */
  around<T>(work: () => Promise<T>): Promise<T>;
  /** Starts a program inside; it is killed when the test ends. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs a program inside to its end; gives what it printed. @throws when it fails */
  run(command: string, args: readonly string[], options?: SpawnOptions): Promise<string>;
}

let made = 0;
/** Where this process is. */
const home = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';

/** Why these tests cannot run here; '' when they can. */
export function whatPlaceNeeds(programs: readonly string[] = []): string {
  if (process.getuid?.() !== 0) return 'eBPF programs and cgroups need root';
  if (unifiedRoot() === undefined) return 'no cgroup 2 file system is mounted';
  for (const program of programs) {
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  }
  return '';
}

export function createPlace(t: Owner): Place {
  const cgroup = `otelcol-harm-${process.pid}-${made++}`;
  const folder = join(unifiedRoot()!, cgroup);
  const members = join(folder, 'cgroup.procs');
  mkdirSync(folder);
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await empty(members);
    await remove(folder);
  });

  function start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const enter = ['-c', `echo $$ > ${members} && exec "$@"`, 'sh', command, ...args];
    const child = spawn('sh', enter, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
    children.push(child);
    return child;
  }

  return {
    cgroup,
    move: (pid) => writeFileSync(members, String(pid)),
    async around(work) {
      writeFileSync(members, String(process.pid));
      try {
        return await work();
      } finally {
        writeFileSync(join(unifiedRoot()!, home, 'cgroup.procs'), String(process.pid));
      }
    },
    spawn: start,
    async run(command, args, options) {
      const child = start(command, args, options);
      let printed = '';
      child.stdout?.on('data', (text: Buffer) => {
        printed += text;
      });
      const [code, signal] = await once(child, 'close');
      if (code !== 0) throw new Error(`${command} ended with ${code ?? signal}: ${printed.slice(-2000)}`);
      return printed;
    },
  };
}

/** Kills what the children left behind, so that the folder can go. */
async function empty(members: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const pids = readFileSync(members, 'utf8').trim().split('\n').filter(Boolean).map(Number);
    if (pids.length === 0) return;
    for (const pid of pids) if (pid > 0) tryKill(pid);
    await sleep(50);
  }
}

/** The kernel lets go of processes a moment after they have ended. */
async function remove(folder: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (tries >= 100 || (error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      await sleep(50);
    }
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function unifiedRoot(): string | undefined {
  return /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
}
