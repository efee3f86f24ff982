/** Builds the pipelines of a configuration out of component instances, in the order in which they start. */
import type { Consumer, Consumers } from '../component/consumer.ts';
import type { Component, Connector, Context, Exporter, Kind } from '../component/define.ts';
import { processorCounters } from '../component/obs.ts';
import { signalOf } from '../config/ids.ts';
import type { ConfiguredComponent, ValidConfig } from '../config/validate.ts';
import type { Signal } from '../pdata/batch.ts';
import { counting, fanOut } from './consumers.ts';

/** A component instance in its place. */
export interface GraphNode {
  kind: Kind;
  id: string;
  /** Ids of the pipelines it works in. */
  pipelines: readonly string[];
  component: Component;
  /** 0 for exporters; a node is above all it hands data to. Nodes of one level do not depend on each other. */
  level: number;
}

export interface GraphOptions {
  config: ValidConfig;
  /** Ids of the pipelines to build; the others are left out. */
  pipelines: readonly string[];
  createContext(kind: Kind, id: string, pipelines: readonly string[], config: unknown): Context<unknown>;
}

interface Target {
  consume: Consumer;
  level: number;
}

/** The nodes of the pipelines, exporters first, receivers last. Components that no pipeline names are not made. */
export function buildGraph({ config, pipelines, createContext }: GraphOptions): GraphNode[] {
  const { components, service } = config;
  const nodes: GraphNode[] = [];
  const exporters = new Map<string, Target>();
  const connectors = new Map<string, Target>();
  const heads = new Map<string, Target>();

  for (const id of pipelines) head(id);
  for (const [id, component] of components.receivers) createReceiver(id, component);
  return nodes.sort((a, b) => a.level - b.level);

  /** The consumer of a pipeline's first processor. */
  function head(pipelineId: string): Target {
    const known = heads.get(pipelineId);
    if (known) return known;
    const signal = signalOf(pipelineId)!;
    const pipeline = service.pipelines[pipelineId]!;
    const targets = pipeline.exporters.map((id) => exporter(id) ?? connector(id, signal));
    let consume = fanOut(targets.map((target) => target.consume));
    let level = Math.max(...targets.map((target) => target.level));
    for (const id of pipeline.processors.toReversed()) {
      consume = createProcessor(id, pipelineId, signal, consume, ++level);
    }
    const made = { consume, level };
    heads.set(pipelineId, made);
    return made;
  }

  function exporter(id: string): Target | undefined {
    const found = components.exporters.get(id);
    if (!found) return undefined;
    let target = exporters.get(id);
    if (!target) {
      const used = pipelinesOf('exporters', id);
      const component = instance<Exporter>(found, 'exporter', used, (context, definition) =>
        definition.kind === 'exporter' ? definition.create(context) : undefined,
      );
      target = { consume: component.consume.bind(component), level: 0 };
      nodes.push({ kind: 'exporter', id, pipelines: used, component, level: 0 });
      exporters.set(id, target);
    }
    return target;
  }

  function connector(id: string, signal: Signal): Target {
    const key = `${id}\0${signal}`;
    let target = connectors.get(key);
    if (!target) {
      const found = components.connectors.get(id)!;
      const definition = found.definition.kind === 'connector' ? found.definition : undefined;
      const outgoing = pipelinesOf('receivers', id).filter((next) => definition?.signals[signal]?.[signalOf(next)!]);
      const { consumers, level } = consumersOf(outgoing);
      const used = [...pipelinesOf('exporters', id), ...outgoing];
      const component = instance<Connector>(found, 'connector', used, (context) =>
        definition?.create(context, consumers),
      );
      target = { consume: component.consume.bind(component), level: level + 1 };
      nodes.push({ kind: 'connector', id, pipelines: used, component, level: level + 1 });
      connectors.set(key, target);
    }
    return target;
  }

  function createProcessor(id: string, pipelineId: string, signal: Signal, next: Consumer, level: number): Consumer {
    const found = components.processors.get(id)!;
    const context = createContext('processor', id, [pipelineId], found.config);
    const { incoming, outgoing } = processorCounters(context, signal);
    if (found.definition.kind !== 'processor') throw wrongKind(found, 'processor');
    const component = found.definition.create(context, signal, counting(next, outgoing));
    nodes.push({ kind: 'processor', id, pipelines: [pipelineId], component, level });
    return counting(component.consume.bind(component), incoming);
  }

  function createReceiver(id: string, found: ConfiguredComponent): void {
    const used = pipelinesOf('receivers', id);
    if (used.length === 0) return;
    const { consumers, level } = consumersOf(used);
    const component = instance<Component>(found, 'receiver', used, (context, definition) =>
      definition.kind === 'receiver' ? definition.create(context, consumers) : undefined,
    );
    nodes.push({ kind: 'receiver', id, pipelines: used, component, level: level + 1 });
  }

  function instance<T extends Component>(
    found: ConfiguredComponent,
    kind: Kind,
    used: readonly string[],
    create: (context: Context<unknown>, definition: ConfiguredComponent['definition']) => T | undefined,
  ): T {
    const made = create(createContext(kind, found.id, used, found.config), found.definition);
    if (!made) throw wrongKind(found, kind);
    return made;
  }

  /** One consumer per signal, and the highest level among the pipelines. */
  function consumersOf(pipelineIds: readonly string[]): { consumers: Consumers; level: number } {
    const targets = pipelineIds.map((id) => ({ signal: signalOf(id)!, ...head(id) }));
    const consumers: Consumers = {};
    for (const [signal, group] of Map.groupBy(targets, (target) => target.signal)) {
      consumers[signal] = fanOut(group.map((target) => target.consume));
    }
    return { consumers, level: Math.max(...targets.map((target) => target.level)) };
  }

  function pipelinesOf(section: 'receivers' | 'exporters', id: string): string[] {
    return pipelines.filter((pipelineId) => service.pipelines[pipelineId]![section].includes(id));
  }
}

function wrongKind(found: ConfiguredComponent, kind: Kind): Error {
  return new Error(`${found.id} is declared as ${found.definition.kind} but listed as ${kind}`);
}
