/** Keeps one storage process running: starts it, watches its heartbeat, kills what hangs, starts anew, stops it cleanly. */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beat } from './store-client.ts';
import type { StoreFailure, StoreReport, StoreSettings } from './store-settings.ts';

/** Where lines about the store go; the facts are in the fields. */
export interface StoreLog {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface SupervisorOptions {
  settings: StoreSettings;
  log: StoreLog;
  /** Called whenever the store begins or ceases to answer after the start. */
  onState?: (state: 'up' | 'down', reason: string) => void;
  /** Between two heartbeats; three missed in a row mean that the process hangs. */
  heartbeatMs: number;
  /** How long an answer to a heartbeat may take. */
  heartbeatTimeoutMs: number;
}

export interface Supervisor {
  /** Resolves when the store answers; rejects with a {@link StoreStartError} when it cannot. */
  start(): Promise<{ version: string; port: number | undefined }>;
  /** Resolves when the process is gone; at most about 15 s. */
  shutdown(): Promise<void>;
  /** The process id while one runs. */
  pid(): number | undefined;
  /** How often a process was started in place of one that had died. */
  restarts(): number;
}

/** The store could not be started. */
export class StoreStartError extends Error {
  override readonly name = 'StoreStartError';
  readonly reason: StoreFailure;

  constructor(reason: StoreFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

const missesAllowed = 3;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 12_000;
/** The kernel then takes the storage process before the collector when memory runs out. */
const oomScoreAdjust = '500';
/** Engine threads: 6 readers, 1 writer, 1 for administration, the rest for files. */
const threadPoolSize = '16';
const backOff = { firstMs: 500, maxMs: 30_000, calmMs: 60_000 };

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { settings, log } = options;
  let child: ChildProcess | undefined;
  let stopping = false;
  let restartCount = 0;
  let delayMs = backOff.firstMs;
  let upSinceMs = 0;
  let restartTimer: NodeJS.Timeout | undefined;
  let heartbeatTimer: NodeJS.Timeout | undefined;

  async function launch(): Promise<StoreReport & { kind: 'ready' }> {
    const started = forkStore();
    child = started;
    const gone = new Promise<void>((resolve) => started.once('exit', () => resolve()));
    const report = await firstReport(started);
    if (report.kind === 'failed') {
      started.kill('SIGKILL');
      await gone;
      child = undefined;
      throw new StoreStartError(report.reason, report.message);
    }
    upSinceMs = performance.now();
    started.once('exit', (code, signal) => afterExit(started, code, signal));
    watch(started);
    return report;
  }

  function forkStore(): ChildProcess {
    const started = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), {
      execArgv: [],
      env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    started.on('error', (error) => log.error('The storage process could not be reached', { error: error.message }));
    for (const [stream, text] of [
      [started.stdout, 'stdout'],
      [started.stderr, 'stderr'],
    ] as const) {
      stream!.setEncoding('utf8').on('data', (output: string) => {
        log.warn('The storage process printed something', { stream: text, output: output.trimEnd() });
      });
    }
    try {
      writeFileSync(`/proc/${started.pid}/oom_score_adj`, oomScoreAdjust);
    } catch {
      // Not Linux, or a container that forbids it: the kernel's own choice will do.
    }
    started.send(settings);
    return started;
  }

  function watch(watched: ChildProcess): void {
    let misses = 0;
    const next = () => {
      heartbeatTimer = setTimeout(async () => {
        const alive = await beat(settings.directory, options.heartbeatTimeoutMs);
        if (child !== watched || stopping) return;
        misses = alive ? 0 : misses + 1;
        if (misses < missesAllowed) return next();
        log.error('The store does not answer and is restarted', { pid: watched.pid, misses });
        watched.kill('SIGKILL');
      }, options.heartbeatMs);
    };
    next();
  }

  function afterExit(gone: ChildProcess, code: number | null, signal: string | null): void {
    if (child !== gone) return;
    child = undefined;
    clearTimeout(heartbeatTimer);
    if (stopping) return;
    if (performance.now() - upSinceMs > backOff.calmMs) delayMs = backOff.firstMs;
    log.error('The storage process ended; a new one is started', { code, signal, delayMs });
    options.onState?.('down', `the storage process ended (${signal ?? `code ${code}`}); restarting`);
    scheduleRestart();
  }

  function scheduleRestart(): void {
    restartTimer = setTimeout(async () => {
      restartCount++;
      try {
        await launch();
        log.info('The store answers again', { pid: child?.pid });
        options.onState?.('up', 'the store answers again');
      } catch (error) {
        if (stopping) return;
        log.error('The storage process could not be started again', { error: (error as Error).message, delayMs });
        scheduleRestart();
      }
    }, delayMs);
    delayMs = Math.min(delayMs * 2, backOff.maxMs);
  }

  return {
    async start() {
      const { version, port } = await launch();
      return { version, port };
    },
    async shutdown() {
      stopping = true;
      clearTimeout(restartTimer);
      clearTimeout(heartbeatTimer);
      const last = child;
      if (last === undefined) return;
      const gone = new Promise<void>((resolve) => last.once('exit', () => resolve()));
      last.kill('SIGTERM');
      const patience = setTimeout(() => last.kill('SIGKILL'), stopTimeoutMs);
      await gone;
      clearTimeout(patience);
      child = undefined;
    },
    pid: () => child?.pid,
    restarts: () => restartCount,
  };
}

/** What the process says first, or that it died or kept silent instead. */
function firstReport(started: ChildProcess): Promise<StoreReport> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve({
        kind: 'failed',
        reason: 'other',
        message: `the storage process is not ready after ${startTimeoutMs} ms`,
      });
    }, startTimeoutMs);
    started.once('message', (report) => {
      clearTimeout(timer);
      resolve(report as StoreReport);
    });
    started.once('exit', (code, signal) => {
      clearTimeout(timer);
      resolve({
        kind: 'failed',
        reason: 'other',
        message: `the storage process ended at its start (${signal ?? `code ${code}`})`,
      });
    });
  });
}
