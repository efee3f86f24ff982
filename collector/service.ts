/** One life of the service: own telemetry, extensions, pipelines; from a valid configuration to the last drained batch. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Extension } from '../component/define.ts';
import type { Labels } from '../component/telemetry.ts';
import type { EnabledGates } from '../config/gates.ts';
import type { ConfigNode } from '../config/node.ts';
import type { ServiceConfig } from '../config/service-schema.ts';
import type { ValidConfig } from '../config/validate.ts';
import { build } from './build.ts';
import type { ReportedListener, Surroundings } from './context.ts';
import { findExtension, type RunningExtensions, startExtensions } from './extensions.ts';
import { startPipelines } from './pipelines.ts';
import { pinnedPipelines } from './placement.ts';
import { createStatusBoard } from './status-board.ts';
import { type MetricsEndpoint, openMetricsEndpoint } from './telemetry/endpoint.ts';
import type { RootLogger } from './telemetry/logger.ts';
import { createMetricRegistry, joinSamples, type Sample } from './telemetry/metrics.ts';
import { registerProcessMetrics } from './telemetry/process-metrics.ts';
import { prometheusText } from './telemetry/prometheus.ts';
import { startWorkers, type WorkerPool } from './worker-pool.ts';

export interface ServiceOptions {
  config: ValidConfig;
  /** The expanded configuration, for workers. */
  root: ConfigNode;
  gates: EnabledGates;
  workers: number;
  log: RootLogger;
  /** A component or worker can no longer work: the service must end. */
  onFatal(message: string): void;
}

export interface Service {
  listeners: readonly ReportedListener[];
  /** Drains and closes everything, at the latest after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** Rejects when something cannot start, after stopping what already ran. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, log, onFatal } = options;
  const { telemetry } = config.service;
  const closers: ((deadlineMs: number) => Promise<void>)[] = [];
  const listeners: ReportedListener[] = [];
  const running = new Map<string, Extension>();
  const metrics = createMetricRegistry();
  const resource = resourceOf(telemetry.resource);
  let pool: WorkerPool | undefined;

  const board = createStatusBoard(undefined, ({ kind, id, message }) =>
    onFatal(`${kind} "${id}" failed: ${message ?? ''}`),
  );
  const samples = async (): Promise<Sample[]> =>
    joinSamples([...metrics.snapshot(), ...((await pool?.samples()) ?? [])]);
  const text = async (withTypeSuffix: boolean) => prometheusText(await samples(), resource, { withTypeSuffix });
  const around: Surroundings = {
    log,
    meter: metrics,
    board,
    onListener: (listener) => void listeners.push(listener),
    host: {
      build,
      worker: { index: 0, count: 1 },
      extension: (id) => findExtension(running, id),
      extensions: () => running,
      ownMetrics: () => text(false),
      health: () => board.list(),
    },
  };

  async function stop(withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    for (const close of closers.reverse()) await close(deadlineMs);
  }

  try {
    registerProcessMetrics(metrics);
    for (const endpoint of await openEndpoints(telemetry.metrics, text)) {
      closers.push(() => endpoint.close());
      listeners.push({ kind: 'service', id: 'telemetry', protocol: 'own metrics', url: endpoint.url });
    }
    const { inMain, workers } = place(options);
    const extensions = await startMainExtensions(config, workers.length > 0, running, around);
    closers.push((deadlineMs) => extensions.stop(deadlineMs));
    if (workers.length > 0) {
      pool = await startWorkers({ setups: workers, board, onCrash: onFatal });
      listeners.push(...pool.listeners);
      const started = pool;
      closers.push((deadlineMs) => started.stop(deadlineMs));
    } else {
      const pipelines = await startPipelines(config, inMain, around);
      closers.push((deadlineMs) => pipelines.stop(deadlineMs));
    }
    closers.push(() => extensions.announce('notReady'));
    await extensions.announce('ready');
  } catch (error) {
    await stop(5000);
    throw error;
  }
  return { listeners, stop };
}

/** Which pipelines run in the main thread, or in which workers. */
function place({ config, root, gates, workers, log }: ServiceOptions) {
  const all = Object.keys(config.service.pipelines);
  const pinned = pinnedPipelines(config);
  const shared = all.filter((id) => !pinned.has(id));
  if (workers > 1 && pinned.size > 0) {
    log.info('Some pipelines run in one worker only, because of components that there may be only one of.', {
      pipelines: [...pinned],
    });
  }
  const count = shared.length > 0 ? workers : 1;
  if (count === 1) return { inMain: all, workers: [] };
  const setups = Array.from({ length: count }, (_, index) => ({
    root,
    gates: [...gates],
    pipelines: index === 0 ? all : shared,
    index,
    count,
  }));
  return { inMain: [], workers: setups };
}

function startMainExtensions(
  { components, service }: ValidConfig,
  hasWorkers: boolean,
  running: Map<string, Extension>,
  around: Surroundings,
): Promise<RunningExtensions> {
  const listed = service.extensions.map((id) => components.extensions.get(id)!);
  const here = listed.filter(({ definition }) => !hasWorkers || definition.instances === 'one');
  return startExtensions(here, running, around);
}

async function openEndpoints(
  { level, readers }: ServiceConfig['telemetry']['metrics'],
  text: (withTypeSuffix: boolean) => Promise<string>,
): Promise<MetricsEndpoint[]> {
  const endpoints: MetricsEndpoint[] = [];
  if (level === 'none') return endpoints;
  try {
    for (const { pull } of readers) {
      if (!pull) continue;
      const { host, port, without_type_suffix } = pull.exporter.prometheus;
      endpoints.push(await openMetricsEndpoint(host, port, () => text(!without_type_suffix)));
    }
  } catch (error) {
    for (const endpoint of endpoints) await endpoint.close();
    throw error;
  }
  return endpoints;
}

function resourceOf(configured: Record<string, string | null>): Labels {
  const resource: Record<string, string | null> = {
    'service.name': build.name,
    'service.version': build.version,
    'service.instance.id': randomUUID(),
    'host.name': hostname(),
    ...configured,
  };
  return Object.fromEntries(Object.entries(resource).filter((entry): entry is [string, string] => entry[1] !== null));
}
