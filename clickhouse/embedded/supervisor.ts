/** Keeps one storage process running: starts it, watches its heartbeat, kills what hangs, starts anew, stops it cleanly. */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as setTimeoutAsync } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { killOrphan } from './owner-file.ts';
import { explainFailure, type StoreFailure } from './start-failure.ts';
import { beat } from './store-client.ts';
import type { StoreReport, StoreSettings } from './store-settings.ts';

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
const lockPatienceMs = 3000;
const lockRetryMs = 200;
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
  let answering = false;
  let restartTimer: NodeJS.Timeout | undefined;
  let heartbeatTimer: NodeJS.Timeout | undefined;

  async function launch(): Promise<StoreReport & { kind: 'ready' }> {
    const started = forkStore();
    child = started;
    // With `close` all that it printed has been read.
    const gone = new Promise<void>((resolve) => started.once('close', () => resolve()));
    let printed = '';
    const collect = (output: string) => {
      printed += output;
    };
    started.stderr!.on('data', collect);
    const report = await firstReport(started);
    started.stderr!.off('data', collect);
    if (report.kind === 'failed') {
      started.stderr!.on('data', collect);
      started.kill('SIGKILL');
      await gone;
      child = undefined;
      const { reason, message } = explainFailure(report, printed);
      throw new StoreStartError(reason, message);
    }
    logOutput(started);
    upSinceMs = performance.now();
    answering = true;
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
    started.stdout!.setEncoding('utf8');
    started.stderr!.setEncoding('utf8');
    try {
      writeFileSync(`/proc/${started.pid}/oom_score_adj`, oomScoreAdjust);
    } catch {
      // Not Linux, or a container that forbids it: the kernel's own choice will do.
    }
    started.send(settings);
    return started;
  }

  function logOutput(started: ChildProcess): void {
    const logged = (stream: string) => (output: string) => {
      log.warn('The storage process printed something', { stream, output: output.trimEnd() });
    };
    started.stdout!.on('data', logged('stdout'));
    started.stderr!.on('data', logged('stderr'));
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
    answering = false;
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
      const untilMs = performance.now() + lockPatienceMs;
      for (;;) {
        try {
          const { version, port } = await launch();
          return { version, port };
        } catch (error) {
          // The last collector's storage process may still be on its way out, or hang without a parent.
          if (!(error instanceof StoreStartError) || error.reason !== 'locked' || performance.now() > untilMs)
            throw error;
          killOrphan(settings.directory);
          await setTimeoutAsync(lockRetryMs);
        }
      }
    },
    async shutdown() {
      stopping = true;
      clearTimeout(restartTimer);
      clearTimeout(heartbeatTimer);
      const last = child;
      if (last === undefined) return;
      const gone = new Promise<void>((resolve) => last.once('exit', () => resolve()));
      // One that is still starting has taken nothing yet.
      if (answering) last.send('stop', () => {});
      else last.kill('SIGKILL');
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
        code: undefined,
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
        code: undefined,
        message: `the storage process ended at its start (${signal ?? `code ${code}`})`,
      });
    });
  });
}
