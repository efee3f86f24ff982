/** Ways to spoil a frame: what networks, snap lengths and attackers do to headers. */
import type { Random } from './random.ts';

/** Numbers that headers know: types, ports of tunnels, protocols, fragment flags, and lengths at the edge. */
const words = [
  0x0800,
  0x86dd,
  0x8100,
  0x88a8,
  0x9100,
  0x8847,
  0x8864,
  0x894f,
  0x6558,
  0x88be,
  0x22eb,
  4789,
  4790,
  8472,
  6081,
  2152,
  0x2000,
  0x2001,
  0x0001,
  0x4500,
  0x6000,
  0x0000,
  0xffff,
  0x0008,
  0x0014,
  0x0800 >> 4,
];
const bytes = [
  0, 1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 135, 0x08, 0x0c, 0x30, 0x34, 0x40, 0x45, 0x46, 0x4f, 0x60,
  0xff,
];
/** Headers are within the first bytes of a frame. */
const headerBytes = 120;
const maxFrameBytes = 4096;

/** A spoilt copy of `frame`; `other` is a frame to take parts from. */
export function mutateFrame(random: Random, frame: Uint8Array, other: Uint8Array): Uint8Array {
  let result: Uint8Array = frame.slice(0, maxFrameBytes);
  for (let count = 1 + random.below(4); count > 0; count--) result = mutateOnce(random, result, other);
  return result;
}

function mutateOnce(random: Random, frame: Uint8Array, other: Uint8Array): Uint8Array {
  if (frame.length < 4) return random.bytes(random.below(64));
  const at = random.below(Math.min(frame.length - 1, headerBytes));
  switch (random.below(9)) {
    case 0: // a bit
      frame[at]! ^= 1 << random.below(8);
      return frame;
    case 1: // a byte that means something
      frame[at] = random.pick(bytes);
      return frame;
    case 2: // a type, port or length that means something
      writeWord(frame, at, random.pick(words));
      return frame;
    case 3: // a length that is nearly right
      writeWord(frame, at, (frame[at]! << 8) + frame[at + 1]! + random.below(9) - 4);
      return frame;
    case 4: // the end is missing
      return frame.slice(0, random.below(frame.length));
    case 5: // the head of one and the tail of another
      return join(frame.subarray(0, at), other.subarray(random.below(Math.min(other.length, headerBytes) + 1)));
    case 6: // headers twice
      return join(frame.subarray(0, at), frame.subarray(random.below(at + 1)));
    case 7: // one frame in another
      return join(frame.subarray(0, at), other);
    default: // a hole
      return join(frame.subarray(0, at), frame.subarray(Math.min(frame.length, at + 1 + random.below(16))));
  }
}

function writeWord(frame: Uint8Array, at: number, value: number): void {
  frame[at] = (value >> 8) & 255;
  frame[at + 1] = value & 255;
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const joined = new Uint8Array(Math.min(maxFrameBytes, head.length + tail.length));
  joined.set(head);
  joined.set(tail.subarray(0, joined.length - head.length), head.length);
  return joined;
}
