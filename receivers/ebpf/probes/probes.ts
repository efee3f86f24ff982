/** Probes as the capture thread has them: it tells of processes, and hears of goroutines and of what cannot be seen. */
import { Worker } from 'node:worker_threads';
import type { FromProbes, GoroutinePlace, ProbeStatus, ProbesSetup, ToProbes } from './messages.ts';

export interface ProbesOptions extends Omit<ProbesSetup, 'proc'> {
  proc?: string;
  /** Whether a process is traced that was not told of: one that ran before, or whose start was lost. */
  isWanted(pid: number): boolean;
  onGo(pid: number, place: GoroutinePlace): void;
  /** Probes can tell the tables of header fields of this process; `probed`: and do. */
  onTables(pid: number, probed: boolean): void;
  onLog(message: string, fields: Record<string, string | number>): void;
}

export interface Probes {
  /** A process that is traced was found, or executes something new. */
  started(pid: number): void;
  ended(pid: number): void;
  /** An encrypted connection of this process was seen whose plaintext no probe told; may be called for each. */
  encrypted(pid: number): void;
  /** Tables of header fields of this process are needed: its probes stay for some time after the last that is told. May be called for each. */
  watchTables(pid: number): void;
  /** What each process has, and whether it is seen. Empty once stopped. */
  status(): Promise<ProbeStatus[]>;
  /** Leaves all binaries. Resolves when the kernel has let go of them, or after a second. */
  stop(): Promise<void>;
}

const stopMs = 1000;
/** It works now and then: with the engine's own limit it would hold 50 MiB of garbage. */
const youngMib = 12;

/** Processes that run already, and were not told of, are found by the thread itself. */
export function startProbes({ isWanted, onGo, onTables, onLog, proc = '/proc', ...rest }: ProbesOptions): Probes {
  const setup: ProbesSetup = { ...rest, proc };
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: setup,
    name: 'probes',
    resourceLimits: { maxYoungGenerationSizeMb: youngMib },
  });
  const asked = new Map<number, (status: ProbeStatus[]) => void>();
  let ended: () => void = () => {};
  const end = new Promise<void>((resolve) => (ended = resolve));
  let nextId = 0;
  let isOver = false;

  function over(): void {
    isOver = true;
    for (const answer of asked.values()) answer([]);
    asked.clear();
    ended();
  }

  function tell(message: ToProbes): void {
    if (!isOver) worker.postMessage(message);
  }

  worker.on('message', (message: FromProbes) => {
    switch (message.type) {
      case 'found':
        return tell({ type: 'known', pids: message.pids.filter(isWanted) });
      case 'go':
        return onGo(message.pid, message.place);
      case 'tables':
        return onTables(message.pid, message.probed);
      case 'log':
        return onLog(message.message, message.fields);
      case 'status':
        asked.get(message.id)?.(message.status);
        asked.delete(message.id);
        return;
      case 'stopped':
        return over();
      default:
        return message satisfies never;
    }
  });
  worker.on('error', (error) => {
    onLog('The thread of the probes crashed: nothing new is probed; please report it', { error: String(error.stack) });
  });
  worker.on('exit', over);

  return {
    started: (pid) => tell({ type: 'started', pid }),
    ended: (pid) => tell({ type: 'ended', pid }),
    encrypted: (pid) => tell({ type: 'encrypted', pid }),
    watchTables: (pid) => tell({ type: 'tables', pid }),
    status() {
      if (isOver) return Promise.resolve([]);
      const id = nextId++;
      return new Promise((resolve) => {
        asked.set(id, resolve);
        tell({ type: 'status', id });
      });
    },
    async stop() {
      tell({ type: 'stop' });
      const late = setTimeout(ended, stopMs);
      await end;
      clearTimeout(late);
      await worker.terminate();
    },
  };
}
