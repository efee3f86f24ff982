/** The pipelines of one thread, from their making to their end. */
import type { ValidConfig } from '../config/validate.ts';
import { createContext, type Surroundings } from './context.ts';
import { buildGraph } from './graph.ts';
import { startNodes, stopNodes } from './lifecycle.ts';

export interface RunningPipelines {
  /** Lets receivers end what they have begun, then processors and exporters hand on what they hold. */
  stop(deadlineMs: number): Promise<void>;
}

export async function startPipelines(
  config: ValidConfig,
  pipelines: readonly string[],
  around: Surroundings,
): Promise<RunningPipelines> {
  const nodes = buildGraph({
    config,
    pipelines,
    createContext: (kind, id, used, parsed) => createContext(around, kind, id, used, parsed),
  });
  await startNodes(nodes, around.board, around.log);
  return { stop: (deadlineMs) => stopNodes(nodes, around.board, around.log, deadlineMs) };
}
