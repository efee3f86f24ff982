/** What the main thread and its pipeline workers tell each other. */
import type { ComponentHealth } from '../component/define.ts';
import type { ConfigNode } from '../config/node.ts';
import type { ReportedListener } from './context.ts';
import type { Sample } from './telemetry/metrics.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  /** The expanded configuration; the worker checks it again, because parsed sections cannot be sent. */
  root: ConfigNode;
  gates: readonly string[];
  pipelines: readonly string[];
  index: number;
  count: number;
}

export type ToWorker = { type: 'stop'; withinMs: number } | { type: 'metrics'; request: number };

export type FromWorker =
  | { type: 'ready'; listeners: ReportedListener[] }
  | { type: 'failed'; code: string; message: string }
  | { type: 'health'; health: ComponentHealth[] }
  | { type: 'metrics'; request: number; samples: Sample[] }
  | { type: 'stopped' };
