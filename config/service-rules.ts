/** The rules between pipelines and components: what is named exists, fits its signal, and forms no circle. */
import { nearest } from '../component/suggest.ts';
import type { Signal } from '../pdata/batch.ts';
import type { EnabledGates } from './gates.ts';
import { parseId, signalOf } from './ids.ts';
import type { ServiceConfig } from './service-schema.ts';
import type { ConfiguredComponent, Section, ValidConfig } from './validate.ts';

type Components = ValidConfig['components'];
type Report = (path: string[], message: string) => void;

export function checkService(
  service: ServiceConfig,
  components: Components,
  gates: EnabledGates,
  report: Report,
): void {
  const mayBeEmpty = gates.has('service.AllowNoPipelines');
  if (!mayBeEmpty && components.receivers.size === 0 && components.connectors.size === 0) {
    report(['receivers'], 'no receiver configuration specified in config');
  }
  if (!mayBeEmpty && components.exporters.size === 0 && components.connectors.size === 0) {
    report(['exporters'], 'no exporter configuration specified in config');
  }
  for (const id of components.connectors.keys()) {
    for (const section of ['receivers', 'exporters'] as const) {
      if (!components[section].has(id)) continue;
      const kind = section.slice(0, -1);
      report(
        ['connectors', id],
        `ambiguous ID: Found both "${id}" ${kind} and "${id}" connector. Change one of the components' IDs to eliminate ambiguity (e.g. rename "${id}" connector to "${id}/connector")`,
      );
    }
  }
  service.extensions.forEach((id, index) => {
    if (!components.extensions.has(id)) {
      report(
        ['service', 'extensions'],
        `references extension "${id}" which is not configured${near(id, components.extensions)}`,
      );
    } else if (service.extensions.indexOf(id) !== index) {
      report(['service', 'extensions'], `references extension "${id}" multiple times`);
    }
  });
  const pipelines = Object.entries(service.pipelines);
  if (pipelines.length === 0 && !mayBeEmpty) {
    report(['service', 'pipelines'], 'service must have at least one pipeline');
  }
  for (const [id, pipeline] of pipelines) checkPipeline(id, pipeline, components, gates, report);
  checkConnectors(service, components, report);
}

type Pipeline = ServiceConfig['pipelines'][string];

function checkPipeline(
  id: string,
  pipeline: Pipeline,
  components: Components,
  gates: EnabledGates,
  report: Report,
): void {
  const path = ['service', 'pipelines', id];
  const parsed = parseId(id);
  if ('error' in parsed) {
    report(path, parsed.error);
    return;
  }
  const signal = signalOf(parsed.text);
  if (!signal) {
    report(path, `unknown pipeline signal "${parsed.type}"; known are: traces, metrics, logs, profiles`);
    return;
  }
  if (signal === 'profiles' && !gates.has('service.profilesSupport')) {
    report(path, 'profiling signal support is gated under the "service.profilesSupport" feature gate, which is off');
  }
  if (pipeline.receivers.length === 0) report(path, 'must have at least one receiver');
  if (pipeline.exporters.length === 0) report(path, 'must have at least one exporter');

  checkReferences('receivers', pipeline.receivers);
  checkReferences('processors', pipeline.processors);
  checkReferences('exporters', pipeline.exporters);

  function checkReferences(section: 'receivers' | 'processors' | 'exporters', ids: readonly string[]): void {
    const kind = section.slice(0, -1);
    ids.forEach((reference, index) => {
      const found = components[section].get(reference);
      const connector = section === 'processors' ? undefined : components.connectors.get(reference);
      if (!found && !connector) {
        const hint = near(reference, components[section]);
        report(path, `references ${kind} "${reference}" which is not configured${hint}`);
      } else if (ids.indexOf(reference) !== index) {
        report(path, `references ${kind} "${reference}" multiple times`);
      } else if (found && !supports(found, signal!)) {
        report(
          path,
          `references ${kind} "${reference}" which does not support ${signal}: telemetry type is not supported`,
        );
      }
    });
  }
}

/** A connector must be an exporter of one pipeline and a receiver of another, of signals it can join, without circles. */
function checkConnectors(service: ServiceConfig, components: Components, report: Report): void {
  const next = new Map<string, string[]>();
  for (const [id, { definition }] of components.connectors) {
    if (definition.kind !== 'connector') continue;
    const from = pipelinesThat(service, 'exporters', id);
    const to = pipelinesThat(service, 'receivers', id);
    const joins = (a: string, b: string) => definition.signals[signalOf(a)!]?.[signalOf(b)!] !== undefined;
    for (const pipeline of from) {
      if (to.some((target) => joins(pipeline, target))) continue;
      report(
        ['connectors', id],
        `connector "${id}" used as exporter in ${pipeline} pipeline but not used in any supported receiver pipeline`,
      );
    }
    for (const pipeline of to) {
      if (from.some((source) => joins(source, pipeline))) continue;
      report(
        ['connectors', id],
        `connector "${id}" used as receiver in ${pipeline} pipeline but not used in any supported exporter pipeline`,
      );
    }
    for (const source of from)
      next.set(source, [...(next.get(source) ?? []), ...to.filter((target) => joins(source, target))]);
  }
  const circle = findCircle(next);
  if (circle)
    report(
      ['service', 'pipelines', circle[0]!],
      `cycle detected: ${circle.map((id) => `pipeline "${id}"`).join(' -> ')}`,
    );
}

function pipelinesThat(service: ServiceConfig, section: 'receivers' | 'exporters', id: string): string[] {
  return Object.entries(service.pipelines)
    .filter(([pipelineId, pipeline]) => signalOf(pipelineId) && pipeline[section].includes(id))
    .map(([pipelineId]) => pipelineId);
}

function findCircle(next: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  function visit(id: string, trail: readonly string[]): string[] | undefined {
    const start = trail.indexOf(id);
    if (start >= 0) return [...trail.slice(start), id];
    if (done.has(id)) return undefined;
    for (const following of next.get(id) ?? []) {
      const circle = visit(following, [...trail, id]);
      if (circle) return circle;
    }
    done.add(id);
    return undefined;
  }
  for (const id of next.keys()) {
    const circle = visit(id, []);
    if (circle) return circle;
  }
  return undefined;
}

function supports({ definition }: ConfiguredComponent, signal: Signal): boolean {
  return definition.kind === 'extension' || definition.signals[signal] !== undefined;
}

function near(id: string, configured: Components[Section]): string {
  const meant = nearest(id, configured.keys());
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}
