/** The running extensions: made and started in the order of `service::extensions`, stopped in the opposite one. */
import type { Extension } from '../component/define.ts';
import { OperatorError } from '../component/errors.ts';
import type { ConfiguredComponent } from '../config/validate.ts';
import { createContext, type Surroundings } from './context.ts';
import { startNodes, stopNodes } from './lifecycle.ts';

export interface RunningExtensions {
  /** Ready or not: told to all extensions that want to know. */
  announce(event: 'ready' | 'notReady'): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
}

/** `running` is filled before the first one starts, so that extensions may find each other. */
export async function startExtensions(
  configured: readonly ConfiguredComponent[],
  running: Map<string, Extension>,
  around: Surroundings,
): Promise<RunningExtensions> {
  const nodes = configured.map(({ id, definition, config }, level) => {
    if (definition.kind !== 'extension') throw new Error(`${id} is not an extension`);
    const component = definition.create(createContext(around, 'extension', id, [], config));
    running.set(id, component);
    return { kind: 'extension' as const, id, pipelines: [], component, level };
  });
  await startNodes(nodes, around.board, around.log);
  return {
    async announce(event) {
      for (const { component } of nodes) await component[event]?.();
    },
    stop: (deadlineMs) => stopNodes(nodes, around.board, around.log, deadlineMs),
  };
}

/** Looks an extension up for a component that needs it. */
export function findExtension(running: ReadonlyMap<string, Extension>, id: string): Extension {
  const found = running.get(id);
  if (!found)
    throw new OperatorError('INVALID_CONFIG', `extension "${id}" is not running; list it in service::extensions`);
  return found;
}
