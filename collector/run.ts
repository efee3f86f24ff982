/** The root command: runs the service until a signal ends it, and begins anew on SIGHUP. */
import { availableParallelism } from 'node:os';
import type { EnabledGates } from '../config/gates.ts';
import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/load.ts';
import { type ValidConfig, validateConfig } from '../config/validate.ts';
import { build } from './build.ts';
import { registry } from './distribution.ts';
import { type Service, startService } from './service.ts';
import { listenerSummary } from './summary.ts';
import { createLogger, type RootLogger } from './telemetry/logger.ts';
import { trimMemory } from './trim.ts';

export interface RunOptions extends LoadOptions {
  gates: EnabledGates;
  workers: number;
}

/** A signal during the start takes effect when the start is done, or after this time. */
const startGraceMs = 5000;

/** Upstream users and their init systems expect an end within 10 s of SIGTERM. */
const stopWithinMs = 8500;

type Event = { type: 'signal'; name: NodeJS.Signals } | { type: 'fatal'; message: string };

/** Resolves with the exit code after a clean stop; rejects when the configuration is wrong or something cannot start. */
export async function run(options: RunOptions): Promise<number> {
  const events = createEventQueue();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => events.push({ type: 'signal', name }));
  }
  for (;;) {
    const { loaded, config } = await load(options);
    const log = createLogger(config.service.telemetry.logs);
    logStart(log, loaded, config);
    let impatience: NodeJS.Timeout | undefined;
    events.onSignal(() => {
      impatience ??= setTimeout(() => process.exit(1), startGraceMs);
    });
    const service = await startService({
      config,
      root: loaded.root,
      gates: options.gates,
      workers: options.workers,
      log,
      onFatal: (message) => events.push({ type: 'fatal', message }),
    });
    events.onSignal(undefined);
    clearTimeout(impatience);
    trimMemory();
    listenerSummary(service.listeners, log);
    log.info('Everything is ready. Begin running and processing data.');
    const end = await untilEnd(events, service, log);
    if (end !== 'reload') return end;
  }
}

async function load(options: RunOptions): Promise<{ loaded: LoadedConfig; config: ValidConfig }> {
  const loaded = await loadConfig(options);
  return { loaded, config: await validateConfig(loaded.root, registry, options.gates) };
}

function logStart(log: RootLogger, loaded: LoadedConfig, config: ValidConfig): void {
  for (const warning of [...loaded.warnings, ...config.warnings]) log.warn(warning);
  log.info(`Starting ${build.name}...`, { Version: build.version, NumCPU: availableParallelism() });
}

/** Waits for what ends this life of the service, and ends it. */
async function untilEnd(events: EventQueue, service: Service, log: RootLogger): Promise<number | 'reload'> {
  const event = await events.next();
  if (event.type === 'signal') {
    log.info('Received signal from OS', { signal: event.name });
    if (event.name === 'SIGHUP') {
      log.warn('Config updated, restart service');
      await service.stop(stopWithinMs);
      return 'reload';
    }
  } else {
    log.error('Asynchronous error received, terminating process', { error: event.message });
  }
  log.info('Starting shutdown...');
  events.onSignal(() => {
    log.error('Received a second signal; ending at once. Data that was not handed on is lost.');
    process.exit(1);
  });
  await service.stop(stopWithinMs);
  log.info('Shutdown complete.');
  return event.type === 'signal' ? 0 : 1;
}

interface EventQueue {
  push(event: Event): void;
  next(): Promise<Event>;
  /** From now on a SIGTERM or SIGINT runs `action` as well. */
  onSignal(action: (() => void) | undefined): void;
}

function createEventQueue(): EventQueue {
  const queued: Event[] = [];
  let wake: (() => void) | undefined;
  let also: (() => void) | undefined;
  return {
    push(event) {
      if (event.type === 'signal' && event.name !== 'SIGHUP') also?.();
      queued.push(event);
      wake?.();
    },
    async next() {
      // Signal handlers do not keep Node running, and a configuration need not hold anything that does.
      const keepRunning = setInterval(() => {}, 2 ** 30);
      while (queued.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      clearInterval(keepRunning);
      return queued.shift()!;
    },
    onSignal(action) {
      also = action;
    },
  };
}
