/** Decides which pipelines run in every worker and which only in the first. */
import type { ValidConfig } from '../config/validate.ts';

/**
 * A pipeline with a component that there may be only one of runs in worker 0. So do all pipelines it shares a receiver
 * or connector with: a receiver listens in a worker for all its signals or for none.
 */
export function pinnedPipelines({ components, service }: ValidConfig): Set<string> {
  const pipelines = Object.entries(service.pipelines);
  const pinned = new Set<string>();
  const isOne = (section: 'receivers' | 'processors' | 'exporters' | 'connectors', id: string) =>
    components[section].get(id)?.definition.instances === 'one';
  for (const [id, { receivers, processors, exporters }] of pipelines) {
    const has =
      receivers.some((one) => isOne('receivers', one) || isOne('connectors', one)) ||
      processors.some((one) => isOne('processors', one)) ||
      exporters.some((one) => isOne('exporters', one) || isOne('connectors', one));
    if (has) pinned.add(id);
  }
  for (let before = -1; before !== pinned.size; ) {
    before = pinned.size;
    const shared = new Set<string>();
    for (const [id, { receivers, exporters }] of pipelines) {
      if (!pinned.has(id)) continue;
      for (const receiver of receivers) shared.add(receiver);
      for (const exporter of exporters) if (components.connectors.has(exporter)) shared.add(exporter);
    }
    for (const [id, { receivers, exporters }] of pipelines) {
      if ([...receivers, ...exporters].some((one) => shared.has(one))) pinned.add(id);
    }
  }
  return pinned;
}
