/** Configuration as a tree that remembers where each value was written. */

export interface Position {
  /** The file's name, or the location as it was given: `yaml:…`, `--set a=b`. */
  source: string;
  line: number;
  column: number;
}

/** `file.yaml:3:5`, or just the source where lines mean nothing. */
export function formatPosition({ source, line, column }: Position): string {
  return line > 0 ? `${source}:${line}:${column}` : source;
}

export type ConfigNode = MapNode | ListNode | ScalarNode;

interface Located {
  at: Position;
  /** The text of a value that came from a variable alone (`${env:X}`), before YAML gave it a type. */
  variableText?: string;
}

export interface MapNode extends Located {
  kind: 'map';
  entries: Map<string, MapEntry>;
}

export interface MapEntry {
  keyAt: Position;
  value: ConfigNode;
}

export interface ListNode extends Located {
  kind: 'list';
  items: ConfigNode[];
}

export interface ScalarNode extends Located {
  kind: 'scalar';
  value: string | number | boolean | null;
}

export function isNull(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** The tree as plain values. */
export function toPlain(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toPlain);
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.value)]));
    default:
      return node satisfies never;
  }
}

/** The node at a path, or undefined. */
export function nodeAt(root: ConfigNode, path: readonly string[]): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  for (const step of path) {
    if (node?.kind === 'map') node = node.entries.get(step)?.value;
    else if (node?.kind === 'list') node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}

/** Where to point at for a path: at its key, or the nearest key above that exists. */
export function positionOf(root: ConfigNode, path: readonly string[]): Position | undefined {
  let position: Position | undefined;
  let node: ConfigNode | undefined = root;
  for (const step of path) {
    if (node?.kind === 'map') {
      const entry: MapEntry | undefined = node.entries.get(step);
      position = entry?.keyAt ?? position;
      node = entry?.value;
    } else if (node?.kind === 'list') {
      node = node.items[Number(step)];
      position = node?.at ?? position;
    } else {
      break;
    }
  }
  return position;
}

/** Lays one configuration over another: maps join deeply; lists, scalars and null replace. */
export function merge(base: ConfigNode, over: ConfigNode): ConfigNode {
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below ? { keyAt: entry.keyAt, value: merge(below.value, entry.value) } : entry);
  }
  return { ...base, entries };
}
