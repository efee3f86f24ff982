/** The entry of a pipeline worker: builds the pipelines it is told to, and runs them until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Extension } from '../component/define.ts';
import { OperatorError } from '../component/errors.ts';
import { validateConfig } from '../config/validate.ts';
import { build } from './build.ts';
import type { ReportedListener, Surroundings } from './context.ts';
import { registry } from './distribution.ts';
import { findExtension, startExtensions } from './extensions.ts';
import { startPipelines } from './pipelines.ts';
import { createStatusBoard } from './status-board.ts';
import { createLogger } from './telemetry/logger.ts';
import { createMetricRegistry } from './telemetry/metrics.ts';
import { prometheusText } from './telemetry/prometheus.ts';
import { trimMemory } from './trim.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts';

const setup = workerData as WorkerSetup;
const port = parentPort!;
const post = (message: FromWorker) => port.postMessage(message);

try {
  await run();
} catch (error) {
  const code = error instanceof OperatorError ? error.code : 'INTERNAL';
  post({ type: 'failed', code, message: (error as Error).message });
}

async function run(): Promise<void> {
  const config = await validateConfig(setup.root, registry, new Set(setup.gates));
  const log = createLogger(config.service.telemetry.logs).with({ worker: setup.index });
  const metrics = createMetricRegistry();
  const board = createStatusBoard(() => post({ type: 'health', health: board.list() }));
  const running = new Map<string, Extension>();
  const listeners: ReportedListener[] = [];
  const around: Surroundings = {
    log,
    meter: metrics,
    board,
    onListener: (listener) => void listeners.push(listener),
    host: {
      build,
      worker: { index: setup.index, count: setup.count },
      extension: (id) => findExtension(running, id),
      extensions: () => running,
      ownMetrics: async () => prometheusText(metrics.snapshot(), {}, { withTypeSuffix: false }),
      health: () => board.list(),
    },
  };
  const ids = config.service.extensions;
  const own = ids
    .map((id) => config.components.extensions.get(id)!)
    .filter((one) => one.definition.instances === 'worker');
  const extensions = await startExtensions(own, running, around);
  const pipelines = await startPipelines(config, setup.pipelines, around);

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'metrics':
        return post({ type: 'metrics', request: message.request, samples: metrics.snapshot() });
      case 'stop':
        return void stop(message.withinMs);
      default:
        return message satisfies never;
    }
  });
  await extensions.announce('ready');
  trimMemory();
  post({ type: 'ready', listeners });

  async function stop(withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    await extensions.announce('notReady');
    await pipelines.stop(deadlineMs);
    await extensions.stop(deadlineMs);
    post({ type: 'metrics', request: 0, samples: metrics.snapshot() });
    post({ type: 'stopped' });
    port.close();
  }
}
