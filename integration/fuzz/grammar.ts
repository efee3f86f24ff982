/** Random messages that follow the schema, in every shape protobuf allows: any order, packed or not, unknown fields. */
import type { FieldFacts, MessageFacts } from './descriptors.ts';
import { type Node, node, unknownField, varintBytes } from './nodes.ts';
import type { Random } from './random.ts';

/** Fields of a random message of about `budget` fields in all. */
export function randomMessage(random: Random, facts: MessageFacts, budget: { fields: number }): Node[] {
  const nodes: Node[] = [];
  const sparse = random.pick([1, 2, 4]);
  const onlyVariant = random.oneIn(15) ? undefined : random.pick(facts.fields.filter((field) => field.oneof !== ''));
  for (const field of facts.fields) {
    // Containers are wanted: without them a request is empty.
    const wanted = field.message === undefined ? random.oneIn(sparse + 1) : random.oneIn(containerOdds(field, sparse));
    if (!wanted || budget.fields <= 0) continue;
    if (field.oneof !== '' && onlyVariant !== undefined && field !== onlyVariant) continue;
    const times = field.repeated ? 1 + random.below(3) : random.oneIn(30) ? 2 : 1;
    for (let i = 0; i < times && budget.fields > 0; i++) nodes.push(...randomField(random, field, budget));
  }
  if (random.oneIn(12)) nodes.push(unknownField(random));
  if (random.oneIn(4)) shuffle(random, nodes);
  if (random.oneIn(20) && nodes.length > 0) random.pick(nodes).padding = 1 + random.below(3);
  return nodes;
}

/** A request whose one attribute or body is nested `levels` values deep. */
export function nestedValue(random: Random, any: MessageFacts, levels: number): Node[] {
  if (levels <= 0) return randomMessage(random, any, { fields: 3 });
  const map = random.oneIn(2);
  const field = any.byNumber[map ? 6 : 5]!;
  const element = field.message!.byNumber[1]!;
  const inner = map
    ? [node(2, 2, nestedValue(random, any, levels - 1), element.message!.byNumber[2])]
    : nestedValue(random, any, levels - 1);
  return [node(field.number, 2, [node(1, 2, inner, element)], field)];
}

function randomField(random: Random, field: FieldFacts, budget: { fields: number }): Node[] {
  budget.fields--;
  if (field.message !== undefined) {
    if (field.message.name === 'AnyValue') {
      const deep = random.oneIn(150) ? 20 + random.below(50) : 0;
      if (deep > 0) return [node(field.number, 2, nestedValue(random, field.message, deep), field)];
      return [node(field.number, 2, randomAnyValue(random, field.message, budget), field)];
    }
    return [node(field.number, 2, randomMessage(random, field.message, budget), field)];
  }
  if (field.packable && !random.oneIn(4)) {
    const content: number[] = [];
    for (let i = random.below(5); i > 0; i--) content.push(...randomScalar(random, field));
    return [node(field.number, 2, Uint8Array.from(content), field)];
  }
  const wireTypes = { varint: 0, fixed64: 1, fixed32: 5, string: 2, bytes: 2, message: 2 };
  return [node(field.number, wireTypes[field.kind], Uint8Array.from(randomScalar(random, field)), field)];
}

/** Mostly one variant, sometimes none or two. */
function randomAnyValue(random: Random, any: MessageFacts, budget: { fields: number }): Node[] {
  const nodes: Node[] = [];
  for (let i = random.oneIn(12) ? random.pick([0, 2]) : 1; i > 0; i--) {
    nodes.push(...randomField(random, random.pick(any.fields), budget));
  }
  return nodes;
}

function randomScalar(random: Random, field: FieldFacts): Iterable<number> {
  switch (field.kind) {
    case 'string':
      return random.oneIn(20) ? random.bytes(random.below(6)) : Buffer.from(random.pick(texts));
    case 'bytes':
      if (field.idLength > 0) return random.bytes(random.oneIn(5) ? 0 : field.idLength);
      return random.bytes(random.pick([0, 1, 2, 3, 4, 16]));
    case 'fixed64':
      if (field.type === 'double') return doubleBytes(random);
      return random.pick([zero8, ones8, random.bytes(8)]);
    case 'fixed32':
      return random.pick([zero8.subarray(4), ones8.subarray(4), random.bytes(4)]);
    default:
      return randomVarint(random);
  }
}

function randomVarint(random: Random): number[] {
  switch (random.below(6)) {
    case 0:
      return [0];
    case 1:
      // Ten bytes: a negative number, or bits beyond 64.
      return [...random.bytes(9).map((byte) => byte | 128), random.pick([0, 1, 1, 0x7f])];
    case 2:
      return varintBytes(random.below(300), random.below(4));
    case 3:
      return varintBytes((random.word() >>> 0) * 1000 + 7);
    default:
      return varintBytes(random.below(30));
  }
}

function doubleBytes(random: Random): Uint8Array {
  const value = random.pick([0, -0, 1.5, -1e-310, 1e308, Number.NaN, Number.POSITIVE_INFINITY, 0.1, 2 ** 60]);
  return random.oneIn(3) ? random.bytes(8) : new Uint8Array(new Float64Array([value]).buffer);
}

/** The way to items is nearly always taken, so that cases are about them. */
function containerOdds(field: FieldFacts, sparse: number): number {
  const spine = /^(resource_|scope_)?(spans|logs|metrics|profiles)$|^(log_records|samples|data_points)$/;
  return spine.test(field.name) ? 1 : sparse + 1;
}

function shuffle(random: Random, nodes: Node[]): void {
  for (let i = nodes.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [nodes[i], nodes[j]] = [nodes[j]!, nodes[i]!];
  }
}

const zero8 = new Uint8Array(8);
const ones8 = new Uint8Array(8).fill(255);
const texts = ['', 'a', 'http.request.method', 'GET', 'Grüße, 世界 🚀', '"\\/\b\u0000\u2028', 'x'.repeat(130)];
