/** Checks a loaded configuration against the components of the distribution; collects every problem. */
import type { ComponentDefinition, Kind } from '../component/define.ts';
import { parseConfig } from '../component/parse.ts';
import { nearest, suggestion } from '../component/suggest.ts';
import type { EnabledGates } from './gates.ts';
import { type ComponentId, parseId } from './ids.ts';
import { type ConfigNode, formatPosition, isNull, nodeAt, type Position, positionOf, toPlain } from './node.ts';
import { checkService } from './service-rules.ts';
import { type ServiceConfig, serviceSchema } from './service-schema.ts';

/** The sections of the top level that hold components, and what they hold. */
export const sections = {
  receivers: 'receiver',
  processors: 'processor',
  exporters: 'exporter',
  connectors: 'connector',
  extensions: 'extension',
} as const satisfies Record<string, Kind>;
export type Section = keyof typeof sections;

export interface ConfiguredComponent {
  id: string;
  definition: ComponentDefinition;
  /** The output of the definition's schema. */
  config: unknown;
}

export interface ValidConfig {
  components: Record<Section, Map<string, ConfiguredComponent>>;
  service: ServiceConfig;
  warnings: string[];
}

/** The components a configuration may name; definitions are loaded only when it does. */
export interface Registry {
  /** The definition behind a word in YAML (or a former word for it). */
  load(kind: Kind, type: string): Promise<ComponentDefinition | undefined>;
  types(kind: Kind): readonly string[];
}

export interface Issue {
  path: string[];
  message: string;
  at?: Position;
}

/** The configuration is wrong. The message lists all problems, each with its `::` path and place. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(`invalid configuration:\n${issues.map((issue) => `  ${formatIssue(issue)}`).join('\n')}`);
    this.issues = issues;
  }
}

export async function validateConfig(root: ConfigNode, registry: Registry, gates: EnabledGates): Promise<ValidConfig> {
  const issues: Issue[] = [];
  const warnings: string[] = [];
  const report = (path: string[], message: string) => {
    const at = positionOf(root, path);
    issues.push({ path, message, ...(at && { at }) });
  };
  if (isNull(root) || (root.kind === 'map' && root.entries.size === 0)) {
    throw new InvalidConfig([{ path: [], message: 'empty configuration file' }]);
  }
  if (root.kind !== 'map') {
    throw new InvalidConfig([{ path: [], message: `expected a map of sections, got a ${root.kind}`, at: root.at }]);
  }
  const known = [...Object.keys(sections), 'service'];
  for (const key of root.entries.keys()) {
    if (!known.includes(key)) report([key], `unknown key "${key}"${suggestion(key, known)}`);
  }

  const components: ValidConfig['components'] = {
    receivers: new Map(),
    processors: new Map(),
    exporters: new Map(),
    connectors: new Map(),
    extensions: new Map(),
  };
  for (const section of Object.keys(sections) as Section[]) {
    await readSection(section);
  }
  const service = parseAt(['service'], serviceSchema) as ServiceConfig | undefined;
  if (service) checkService(normalizeIds(service), components, gates, report);
  if (issues.length > 0 || !service) throw new InvalidConfig(issues);
  return { components, service, warnings };

  async function readSection(section: Section): Promise<void> {
    const node = nodeAt(root, [section]);
    if (!node || isNull(node)) return;
    if (node.kind !== 'map') {
      report([section], `expected a map of components, got a ${node.kind}`);
      return;
    }
    const seen = new Map<string, ComponentId>();
    for (const key of node.entries.keys()) {
      const id = parseId(key);
      if ('error' in id) report([section, key], id.error);
      else if (seen.has(id.text)) report([section, key], `duplicate name "${id.text}"`);
      else {
        seen.set(id.text, id);
        await readComponent(section, key, id);
      }
    }
  }

  async function readComponent(section: Section, key: string, id: ComponentId): Promise<void> {
    const kind = sections[section];
    const definition = await registry.load(kind, id.type);
    if (!definition) {
      const types = registry.types(kind);
      const near = nearest(id.type, types);
      const hint = near ? `; did you mean "${near}"?` : ` (valid values: [${types.join(' ')}])`;
      report([section, key], `unknown type: "${id.type}" for id: "${id.text}"${hint}`);
      return;
    }
    if (definition.type !== id.type) {
      warnings.push(`${section}::${id.text}: "${id.type}" alias is deprecated; use "${definition.type}" instead`);
    }
    const config = parseAt([section, key], definition.config);
    components[section].set(id.text, { id: id.text, definition, config });
  }

  /** Parses what stands at a path; reports and gives undefined when it does not fit. */
  function parseAt(path: string[], schema: ComponentDefinition['config']): unknown {
    const node = nodeAt(root, path);
    const result = parseConfig(schema, node && toPlain(node), (inner) => node && nodeAt(node, inner)?.variableText);
    if (result.ok) return result.value;
    for (const issue of result.issues) report([...path, ...issue.path], issue.message);
    return undefined;
  }
}

export function formatIssue({ path, message, at }: Issue): string {
  const where = path.length > 0 ? `${path.join('::')}: ` : '';
  return `${where}${message}${at ? ` (${formatPosition(at)})` : ''}`;
}

/** Ids may be written with spaces around the slash; references are compared without. */
function normalizeIds(service: ServiceConfig): ServiceConfig {
  const tidy = (ids: string[]) => {
    for (let index = 0; index < ids.length; index++) {
      const id = parseId(ids[index]!);
      if (!('error' in id)) ids[index] = id.text;
    }
  };
  tidy(service.extensions);
  for (const pipeline of Object.values(service.pipelines)) {
    tidy(pipeline.receivers);
    tidy(pipeline.processors);
    tidy(pipeline.exporters);
  }
  return service;
}
