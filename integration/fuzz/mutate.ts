/** Ways to spoil a message: some keep it valid, most do not. */
import { copyOf, listsOf, type Node, node, unknownField, varintBytes } from './nodes.ts';
import type { Random } from './random.ts';

/** Changes one thing in the tree; `other` is a tree to take parts from. */
export function mutateTree(random: Random, root: Node[], other: Node[]): void {
  const filled = listsOf(root).filter((list) => list.length > 0);
  if (filled.length === 0) {
    root.push(unknownField(random));
    return;
  }
  const list = random.pick(filled);
  const at = random.below(list.length);
  const chosen = list[at]!;
  switch (random.below(12)) {
    case 0: // again
      list.splice(random.below(list.length + 1), 0, copyOf(chosen));
      break;
    case 1: // gone
      list.splice(at, 1);
      break;
    case 2: // elsewhere in its message
      list.splice(at, 1);
      list.splice(random.below(list.length + 1), 0, chosen);
      break;
    case 3: // under the number of a neighbour
      chosen.number = random.pick([chosen.number + 1, random.below(18), random.below(300), 0, 2 ** 28, 2 ** 29 - 1]);
      break;
    case 4: // with another wire type
      chosen.wireType = random.below(8);
      break;
    case 5: // with a length that lies
      chosen.lengthError = random.pick([-2, -1, 1, 2, 127, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 52]);
      break;
    case 6: // with a longer tag and length than due
      chosen.padding = 1 + random.below(10);
      break;
    case 7: // empty
      chosen.content = new Uint8Array(0);
      break;
    case 8: // with content from elsewhere
      chosen.content = partOf(random, other).content;
      break;
    case 9: // in a message from elsewhere
      list.splice(at, 0, partOf(random, other));
      break;
    case 10: // nested into itself
      if (Array.isArray(chosen.content)) chosen.content.push(copyOf(chosen));
      else chosen.content = Uint8Array.from([...chosen.content, ...chosen.content]);
      break;
    default: // with a number of many bytes
      chosen.content = Uint8Array.from([...varintBytes(random.below(300), random.below(11))]);
      if (random.oneIn(2)) list.push(unknownField(random), node(random.below(16), 0, chosen.content));
  }
}

function partOf(random: Random, tree: Node[]): Node {
  const filled = listsOf(tree).filter((list) => list.length > 0);
  return filled.length > 0 ? copyOf(random.pick(random.pick(filled))) : unknownField(random);
}

/** Changes a few bytes, without regard to what they mean. */
export function mutateBytes(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  if (bytes.length === 0) return random.bytes(1 + random.below(4));
  const at = random.below(bytes.length);
  const copy = bytes.slice();
  switch (random.below(8)) {
    case 0:
      copy[at]! ^= 1 << random.below(8);
      return copy;
    case 1:
      copy[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
      return copy;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return bytes.slice(at);
    case 4: // a part twice
      return join(bytes.subarray(0, at), bytes.subarray(random.below(at + 1)));
    case 5: // the head of one and the tail of the other
      return join(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
    case 6: // bytes put in
      return join(bytes.subarray(0, at), random.bytes(1 + random.below(3)), bytes.subarray(at));
    default: // 0xff put in: overlong numbers
      return join(bytes.subarray(0, at), new Uint8Array(1 + random.below(11)).fill(0xff), bytes.subarray(at));
  }
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
