/** A protobuf message as a tree that can be changed and written, right or wrong. */
import type { FieldFacts, MessageFacts } from './descriptors.ts';
import type { Random } from './random.ts';

/** One field as it stands on the wire. */
export interface Node {
  number: number;
  wireType: number;
  /** What the schema says of it; undefined for unknown fields. */
  field: FieldFacts | undefined;
  /** The bytes after the tag, and after the length where there is one; of a message its fields. */
  content: Uint8Array | Node[];
  /** Bytes added to the length, so that it lies. */
  lengthError: number;
  /** Bytes by which tag and length are longer than they need to be. */
  padding: number;
}

export function node(number: number, wireType: number, content: Uint8Array | Node[], field?: FieldFacts): Node {
  return { number, wireType, field, content, lengthError: 0, padding: 0 };
}

/** The tree of a valid message. */
export function parseNodes(facts: MessageFacts, bytes: Uint8Array): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag & 7;
    const field = facts.byNumber[number];
    const start = at;
    let content: Uint8Array | Node[];
    if (wireType === 2) {
      const length = varint();
      const part = bytes.subarray(at, at + length);
      at += length;
      content = field?.message === undefined ? part : parseNodes(field.message, part);
    } else {
      if (wireType === 0) varint();
      else at += wireType === 1 ? 8 : 4;
      content = bytes.subarray(start, at);
    }
    nodes.push(node(number, wireType, content, field));
  }
  return nodes;
}

export function writeNodes(nodes: readonly Node[]): Uint8Array {
  const out: number[] = [];
  append(out, nodes);
  return Uint8Array.from(out);
}

/** Every list of fields in the tree, the root's first. */
export function listsOf(root: Node[]): Node[][] {
  const lists = [root];
  for (let i = 0; i < lists.length; i++) {
    for (const { content } of lists[i]!) if (Array.isArray(content)) lists.push(content);
  }
  return lists;
}

export function copyOf(from: Node): Node {
  return { ...from, content: Array.isArray(from.content) ? from.content.map(copyOf) : from.content };
}

/** The varint of an integer of 0 to 2^53, `padding` bytes longer than it needs to be. */
export function varintBytes(value: number, padding = 0): number[] {
  const out: number[] = [];
  while (value > 127) {
    out.push((value % 128) | 128);
    value = Math.floor(value / 128);
  }
  out.push(value);
  for (; padding > 0; padding--) {
    out[out.length - 1]! |= 128;
    out.push(0);
  }
  return out;
}

/** An unknown field that must not matter. */
export function unknownField(random: Random): Node {
  const wireType = random.pick([0, 1, 2, 5]);
  const sizes: Record<number, number> = { 1: 8, 5: 4, 2: random.below(9) };
  const content = wireType === 0 ? Uint8Array.from(varintBytes(random.word() >>> 0)) : random.bytes(sizes[wireType]!);
  return node(random.pick([20, 100, 536, 5_000, 268_435_455]), wireType, content);
}

function append(out: number[], nodes: readonly Node[]): void {
  for (const { number, wireType, content, lengthError, padding } of nodes) {
    out.push(...varintBytes(number * 8 + wireType, padding));
    if (Array.isArray(content)) {
      const inner: number[] = [];
      append(inner, content);
      if (wireType === 2) out.push(...varintBytes(Math.max(0, inner.length + lengthError), padding));
      for (const byte of inner) out.push(byte);
    } else {
      if (wireType === 2) out.push(...varintBytes(Math.max(0, content.length + lengthError), padding));
      for (const byte of content) out.push(byte);
    }
  }
}
