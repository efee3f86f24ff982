/** Finds packets that were captured twice at one point, as mirror ports make them. */
import { type Packet, tcpFlags } from '../../flow/packet/packet.ts';

const slots = 1 << 16;
/** Of the payload, so much counts. */
const payloadBytes = 16;
const marking = tcpFlags.syn | tcpFlags.fin | tcpFlags.rst;

/**
 * A table of two hashes and a time per slot; a later packet takes the slot of an earlier one, so it never grows. What it
 * compares are the addresses, the IP id, and the transport header with the head of the payload: a retransmission has
 * another IP id or other TCP timestamps, and comes later than the window.
 */
export class DuplicateFilter {
  readonly #windowNs: number;
  readonly #check = new Uint32Array(slots);
  readonly #timeNs = new Float64Array(slots).fill(-Infinity);

  constructor(windowNs: number) {
    this.#windowNs = windowNs;
  }

  /** Whether this packet was seen within the window; it counts as seen from then on. */
  seen(packet: Packet): boolean {
    if (packet.ipVersion === 0 || !isDistinct(packet)) return false;
    const { bytes, payloadStart } = packet;
    let a = Math.imul(packet.source0 ^ packet.point, 0x9e3779b1);
    let b = packet.ipId | (packet.ipProtocol << 16);
    a = mix(a, packet.source1 ^ packet.destination2);
    a = mix(a, packet.source2 ^ packet.destination1);
    a = mix(a, packet.source3);
    a = mix(a, packet.destination0);
    b = mix(b, packet.destination3 ^ packet.layer3Length);
    const from = payloadStart - (packet.layer4Length - packet.payloadWireLength);
    const to = payloadStart + Math.min(packet.payloadLength, payloadBytes);
    if (from < 0 || to > bytes.length || to - from > 256) return false;
    let at = from;
    for (; at + 4 <= to; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      a = mix(a, word);
      b = Math.imul(b ^ word, 0x85ebca6b);
    }
    for (; at < to; at++) a = mix(a, bytes[at]!);
    b ^= b >>> 15;
    const slot = (a ^ (a >>> 16)) & (slots - 1);
    const check = (b ^ a) >>> 0;
    const again = this.#check[slot] === check && Math.abs(packet.timeNs - this.#timeNs[slot]!) <= this.#windowNs;
    this.#check[slot] = check;
    this.#timeNs[slot] = packet.timeNs;
    return again;
  }
}

/** Bare acknowledgements without an IP id may truly come twice, as TCP's duplicate acknowledgements do. */
function isDistinct(packet: Packet): boolean {
  return packet.ipId !== 0 || packet.payloadLength > 0 || (packet.flags & marking) !== 0;
}

function mix(hash: number, word: number): number {
  hash = Math.imul(hash ^ word, 0xcc9e2d51);
  return (hash << 15) | (hash >>> 17);
}
