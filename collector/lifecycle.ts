/** Starts component instances in order and stops them in the opposite order, within a limit of time. */
import type { Kind } from '../component/define.ts';
import { OperatorError } from '../component/errors.ts';
import type { Logger } from '../component/telemetry.ts';
import type { GraphNode } from './graph.ts';
import type { StatusBoard } from './status-board.ts';

type Node = Pick<GraphNode, 'kind' | 'id' | 'pipelines' | 'component' | 'level'>;

/** Starts nodes of low levels first. When one fails, those that run are stopped and the error names the one. */
export async function startNodes(nodes: readonly Node[], board: StatusBoard, log: Logger): Promise<void> {
  const running: Node[] = [];
  for (const node of nodes) {
    board.set(node.kind, node.id, node.pipelines, 'starting');
    try {
      await node.component.start?.();
    } catch (error) {
      await stopNodes(running, board, log, performance.now() + 5000);
      throw startError(node.kind, node.id, error);
    }
    running.push(node);
    board.started(node.kind, node.id, node.pipelines);
  }
}

/**
 * Stops nodes of high levels first, those of one level together. A component that is not done by `deadlineMs` (of
 * `performance.now()`) is left behind with an error in the log.
 */
export async function stopNodes(
  nodes: readonly Node[],
  board: StatusBoard,
  log: Logger,
  deadlineMs: number,
): Promise<void> {
  const levels = [...Map.groupBy(nodes, (node) => node.level)].sort(([a], [b]) => b - a);
  for (const [, group] of levels) {
    await Promise.all(group.map((node) => stopNode(node, board, log, deadlineMs)));
  }
}

async function stopNode(node: Node, board: StatusBoard, log: Logger, deadlineMs: number): Promise<void> {
  const { kind, id, pipelines, component } = node;
  board.set(kind, id, pipelines, 'stopping');
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const leftMs = Math.max(100, deadlineMs - performance.now());
    timer = setTimeout(() => reject(new Error('it was not done in time')), leftMs);
  });
  try {
    await Promise.race([component.shutdown?.(), timeout]);
  } catch (error) {
    log.error('A component could not be stopped properly.', { kind, id, error: (error as Error).message });
  }
  clearTimeout(timer);
  board.set(kind, id, pipelines, 'stopped');
}

function startError(kind: Kind, id: string, error: unknown): Error {
  const message = `failed to start "${id}" ${kind}: ${(error as Error).message}`;
  const code = error instanceof OperatorError ? error.code : 'INTERNAL';
  return new OperatorError(code, message, { cause: error });
}
