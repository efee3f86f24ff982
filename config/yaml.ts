/** YAML text into configuration nodes with their positions. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Scalar } from 'yaml';
import { type ConfigNode, formatPosition, type MapEntry, type Position, type ScalarNode } from './node.ts';

/** More values than any configuration has: the end of YAML aliases that multiply. */
const maxNodes = 100_000;

/** Text that is not YAML, or not YAML that can be configuration. The message ends with `file:line:column`. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
}

/** `at` places text that is itself only a value inside another file. */
export function readYaml(text: string, source: string, at?: Position): ConfigNode {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const where = (offset: number): Position => {
    if (at) return at;
    const { line, col } = lines.linePos(offset);
    return { source, line, column: col };
  };
  const [error] = document.errors;
  if (error) {
    const tab = /\t/.test(text.split('\n')[lines.linePos(error.pos[0]).line - 1] ?? '');
    fail(tab ? 'YAML must be indented with spaces, not tabs' : firstLine(error.message), where(error.pos[0]));
  }

  let count = 0;
  function convert(node: Node | null | undefined, fallback: Position): ConfigNode {
    const position = node?.range ? where(node.range[0]) : fallback;
    if (++count > maxNodes) fail(`more than ${maxNodes} values; are YAML aliases multiplying?`, position);
    if (isAlias(node)) return convert(node.resolve(document), position);
    if (isMap(node)) {
      const entries = new Map<string, MapEntry>();
      for (const pair of node.items as Pair<Node, Node>[]) addPair(entries, pair, position);
      return { kind: 'map', entries, at: position };
    }
    if (isSeq(node))
      return { kind: 'list', items: node.items.map((item) => convert(item as Node, position)), at: position };
    return scalar(node, position);
  }

  function addPair(entries: Map<string, MapEntry>, pair: Pair<Node, Node>, position: Position): void {
    const keyAt = pair.key?.range ? where(pair.key.range[0]) : position;
    const key = keyText(pair.key);
    if (key === undefined) fail('a key must be plain text', keyAt);
    if (key !== '<<' || !pair.value) {
      entries.set(key, { keyAt, value: convert(pair.value, keyAt) });
      return;
    }
    const merged = convert(pair.value, keyAt);
    for (const part of merged.kind === 'list' ? merged.items : [merged]) {
      if (part.kind !== 'map') fail('<< takes a map or a list of maps', keyAt);
      for (const [name, entry] of part.entries) if (!entries.has(name)) entries.set(name, entry);
    }
  }

  return convert(document.contents as Node | null, where(0));
}

function fail(message: string, position: Position): never {
  throw new YamlError(`${message} (${formatPosition(position)})`);
}

function keyText(key: Node | null): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'string' ? key.value : key.source;
}

function scalar(node: Node | null | undefined, at: Position): ScalarNode {
  if (!isScalar(node)) return { kind: 'scalar', value: null, at };
  const { value } = node;
  if (typeof value === 'number' && isOldOctal(node))
    return { kind: 'scalar', value: Number.parseInt(node.source!, 8), at };
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
    return { kind: 'scalar', value: value as ScalarNode['value'], at };
  }
  return { kind: 'scalar', value: String(node.source ?? value), at };
}

/** `0123` is 83 to the OpenTelemetry Collector, whose YAML reader keeps the octal numbers of YAML 1.1. */
function isOldOctal(node: Scalar): boolean {
  return node.type === 'PLAIN' && /^[-+]?0[0-7]+$/.test(node.source ?? '');
}

function firstLine(message: string): string {
  return message.split('\n')[0]!.replace(/:$/, '');
}
