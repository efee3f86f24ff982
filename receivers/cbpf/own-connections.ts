/** Knows the connections of this process, so that the collector does not report what it does itself. */
import { loadAddon } from '../../bpf/packet-ring/addon.ts';
import type { Packet } from '../../flow/packet/packet.ts';

const maxConnections = 65_536;
const shortestRestMs = 50;
/** Reading takes about 1 us a descriptor; this share of the time at most goes into it. */
const restPerCost = 50;

export class OwnConnections {
  readonly #read = new Uint32Array(maxConnections);
  /** Pairs of ports, smaller first, of this and the last look: packets may be older than the end of their connection. */
  #now = new Set<number>();
  #before = new Set<number>();
  /** Ports that are in some pair: nearly all packets are told apart by these alone. */
  readonly #ports = new Uint8Array(65_536);
  #nextMs = 0;

  /** Looks again when it is time to. */
  refresh(): void {
    const startMs = performance.now();
    if (startMs < this.#nextMs) return;
    const count = loadAddon().readConnections(this.#read);
    this.#before = this.#now;
    this.#now = new Set();
    for (let i = 0; i < count; i++) this.#now.add(pairOf(this.#read[i]! >>> 16, this.#read[i]! & 0xffff));
    this.#ports.fill(0);
    for (const pairs of [this.#before, this.#now]) {
      for (const pair of pairs) this.#ports[pair % 65_536] = this.#ports[Math.floor(pair / 65_536)] = 1;
    }
    const endMs = performance.now();
    this.#nextMs = endMs + Math.max(shortestRestMs, restPerCost * (endMs - startMs));
  }

  /** Whether the packet belongs to one of them, in either direction. */
  has(packet: Packet): boolean {
    if ((this.#ports[packet.sourcePort]! & this.#ports[packet.destinationPort]!) === 0) return false;
    const pair = pairOf(packet.sourcePort, packet.destinationPort);
    return this.#now.has(pair) || this.#before.has(pair);
  }
}

function pairOf(one: number, other: number): number {
  return one < other ? one * 65_536 + other : other * 65_536 + one;
}
