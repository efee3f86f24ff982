/** Replaces `${env:X}`, `${X:-default}`, `${file:…}` and `$$` in configuration values. */
import { type ConfigNode, formatPosition, type MapEntry, type Position } from './node.ts';

/** Gives the value behind a reference (`env:X`) that stands at `at`. */
export type Resolve = (uri: string, at: Position) => Promise<ConfigNode>;

/** As in the OpenTelemetry Collector: the end of references that lead to each other. */
const maxExpansions = 1000;

/**
 * A value that is one reference and nothing else becomes what it refers to, with its YAML type; a reference inside text
 * becomes text. Keys are left alone. Resolved values are expanded again.
 */
export async function expand(root: ConfigNode, resolve: Resolve): Promise<ConfigNode> {
  let expansions = 0;

  async function expandNode(node: ConfigNode): Promise<ConfigNode> {
    switch (node.kind) {
      case 'map': {
        const entries = new Map<string, MapEntry>();
        for (const [key, entry] of node.entries) {
          entries.set(key, { keyAt: entry.keyAt, value: await expandNode(entry.value) });
        }
        return { ...node, entries };
      }
      case 'list': {
        const items: ConfigNode[] = [];
        for (const item of node.items) items.push(await expandNode(item));
        return { ...node, items };
      }
      case 'scalar':
        return typeof node.value === 'string' && node.value.includes('$') ? expandText(node.value, node.at) : node;
      default:
        return node satisfies never;
    }
  }

  async function expandText(text: string, at: Position): Promise<ConfigNode> {
    if (text.startsWith('${') && closingBrace(text, 0) === text.length - 1) {
      const value = await lookUp(text.slice(2, -1), at);
      return { ...value, at, variableText: value.variableText ?? textOf(value, at) };
    }
    return { kind: 'scalar', value: await substitute(text, at), at };
  }

  /** The text with every reference replaced by its text. */
  async function substitute(text: string, at: Position): Promise<string> {
    let result = '';
    let from = 0;
    while (from < text.length) {
      const dollar = text.indexOf('$', from);
      if (dollar < 0) break;
      result += text.slice(from, dollar);
      if (text[dollar + 1] === '$') {
        result += '$';
        from = dollar + 2;
        continue;
      }
      const end = text[dollar + 1] === '{' ? closingBrace(text, dollar) : -1;
      if (end < 0) {
        result += '$';
        from = dollar + 1;
        continue;
      }
      const value = await lookUp(text.slice(dollar + 2, end), at);
      result += value.variableText ?? textOf(value, at);
      from = end + 1;
    }
    return result + text.slice(from);
  }

  async function lookUp(reference: string, at: Position): Promise<ConfigNode> {
    if (++expansions > maxExpansions) {
      throw new Error(`too many recursive expansions (more than ${maxExpansions}) (${formatPosition(at)})`);
    }
    const uri = reference.includes('${') ? await substitute(reference, at) : reference;
    const value = await resolve(uri, at);
    const isReference = value.kind === 'scalar' && typeof value.value === 'string' && value.value.includes('$');
    if (value.kind === 'scalar' && !isReference) return value;
    const { variableText: _, ...bare } = value;
    const expanded = await expandNode(bare);
    return value.kind === 'scalar' || !value.variableText
      ? expanded
      : { ...expanded, variableText: value.variableText };
  }

  return expandNode(root);
}

/** The index of the `}` that closes the `${` at `start`, or -1. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    if (text.startsWith('${', index)) depth++;
    else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}

function textOf(value: ConfigNode, at: Position): string {
  if (value.kind === 'scalar') return value.value === null ? '' : String(value.value);
  throw new Error(`a ${value.kind} cannot be put inside text (${formatPosition(at)})`);
}
