/** A cgroup of our own: what runs in it is told from all else on this machine. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where version 2 is mounted, alone or beside version 1. */
const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

export interface Cgroup {
  /** Its folder. */
  path: string;
  /** Processes are moved by writing their number here. */
  procs: string;
  /** Runs something that starts processes: they, and what they start, are in the cgroup; this process is not when it returns. */
  around<T>(work: () => Promise<T>): Promise<T>;
  /** Processor time that its processes have used so far, also those that have ended. */
  cpuSeconds(): number;
  /** Removes it once its processes have ended. */
  remove(): Promise<void>;
}

/** @throws when cgroups are not there or may not be made */
export function createCgroup(name: string): Cgroup {
  const root = roots.find((path) => existsSync(join(path, 'cgroup.procs')));
  if (root === undefined) throw new Error(`no cgroup (version 2) is mounted at ${roots.join(' or ')}`);
  const path = join(root, name);
  const procs = join(path, 'cgroup.procs');
  const home = join(root, ownCgroup(), 'cgroup.procs');
  mkdirSync(path, { recursive: true });
  return {
    path,
    procs,
    async around(work) {
      writeFileSync(procs, String(process.pid));
      try {
        return await work();
      } finally {
        writeFileSync(home, String(process.pid));
      }
    },
    cpuSeconds() {
      return Number(/^usage_usec (\d+)$/m.exec(readFileSync(join(path, 'cpu.stat'), 'utf8'))![1]) / 1e6;
    },
    async remove() {
      for (let tries = 0; tries < 50 && readFileSync(procs, 'utf8') !== ''; tries++) await sleep(100);
      rmdirSync(path);
    },
  };
}

/** The path that this process is at in version 2. */
function ownCgroup(): string {
  return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
}
