/** Loads configuration: reads the locations, lays them over each other, applies `--set`, expands variables. */
import { expand } from './expand.ts';
import { type ConfigNode, merge } from './node.ts';
import { type ProviderOptions, readLocation, readReference } from './providers.ts';
import { readYaml } from './yaml.ts';

export interface LoadOptions {
  /** `--config` values, in order; later ones win. */
  locations: readonly string[];
  /** `--set` values: `processors.batch.timeout=2s`. */
  sets: readonly string[];
  env?: Record<string, string | undefined>;
}

export interface LoadedConfig {
  root: ConfigNode;
  warnings: string[];
}

export async function loadConfig({ locations, sets, env = process.env }: LoadOptions): Promise<LoadedConfig> {
  const warnings: string[] = [];
  const options: ProviderOptions = { env, warn: (message) => void warnings.push(message) };
  let root: ConfigNode | undefined;
  for (const location of locations) {
    const node = await readLocation(location, options);
    root = root ? merge(root, node) : node;
  }
  if (!root) throw new Error('at least one config flag must be provided');
  for (const set of sets) root = merge(root, readSet(set));
  root = await expand(root, (uri, at) => readReference(uri, at, options));
  return { root, warnings };
}

/** `a.b.c=v` as the tree `{ a: { b: { c: v } } }`; the value is YAML. */
function readSet(set: string): ConfigNode {
  const equals = set.indexOf('=');
  if (equals < 0) throw new Error(`--set ${set}: missing equal sign`);
  const source = `--set ${set}`;
  const at = { source, line: 0, column: 0 };
  let node = readYaml(set.slice(equals + 1), source, at);
  for (const step of set.slice(0, equals).split(/\.|::/).reverse()) {
    node = { kind: 'map', entries: new Map([[step, { keyAt: at, value: node }]]), at };
  }
  return node;
}
