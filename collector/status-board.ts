/** How every component fares, as they report it; shown by health_check and the page. */
import type { ComponentHealth, ComponentStatus, Kind } from '../component/define.ts';

export interface StatusBoard {
  set(kind: Kind, id: string, pipelines: readonly string[], status: ComponentStatus, message?: string): void;
  /** The component's start returned: it is ok unless it said otherwise meanwhile. */
  started(kind: Kind, id: string, pipelines: readonly string[]): void;
  /** Takes over the reports of a worker: of several reports for one component, the worst is shown. */
  setWorker(worker: number, health: readonly ComponentHealth[]): void;
  list(): ComponentHealth[];
}

const severity: readonly ComponentStatus[] = [
  'ok',
  'stopped',
  'stopping',
  'starting',
  'recoverable_error',
  'permanent_error',
  'fatal_error',
];

/** `onChange` is told after each change; `onFatal` of components that can no longer work at all. */
export function createStatusBoard(
  onChange: () => void = () => {},
  onFatal: (health: ComponentHealth) => void = () => {},
): StatusBoard {
  const own = new Map<string, ComponentHealth>();
  const ofWorkers = new Map<number, readonly ComponentHealth[]>();
  function set(health: Omit<ComponentHealth, 'sinceMs'>): void {
    const dated = { ...health, sinceMs: Date.now() };
    own.set(keyOf(dated), dated);
    onChange();
    if (dated.status === 'fatal_error') onFatal(dated);
  }

  return {
    set: (kind, id, pipelines, status, message) => set({ kind, id, pipelines, status, ...(message && { message }) }),
    started(kind, id, pipelines) {
      const health = { kind, id, pipelines, status: 'ok' as const };
      if (own.get(keyOf(health))?.status === 'starting') set(health);
    },
    setWorker(worker, health) {
      ofWorkers.set(worker, health);
    },
    list() {
      const worst = new Map<string, ComponentHealth>();
      for (const health of [...own.values(), ...[...ofWorkers.values()].flat()]) {
        const before = worst.get(keyOf(health));
        const isWorse = !before || severity.indexOf(health.status) > severity.indexOf(before.status);
        if (isWorse) worst.set(keyOf(health), health);
      }
      return [...worst.values()];
    },
  };
}

function keyOf({ kind, id, pipelines }: Pick<ComponentHealth, 'kind' | 'id' | 'pipelines'>): string {
  return kind === 'processor' ? `${kind}\0${id}\0${pipelines.join()}` : `${kind}\0${id}`;
}
