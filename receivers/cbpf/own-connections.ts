/** Knows the sockets of this process, so that the collector does not report what it does itself. */
import { networkInterfaces } from 'node:os';
import { loadAddon } from '../../bpf/packet-ring/addon.ts';
import type { Packet } from '../../flow/packet/packet.ts';
import { addressWords } from '../../flow/pcap/address.ts';

const maxSockets = 65_536;
const shortestRestMs = 50;
/** Reading takes about 1 us a descriptor; this share of the time at most goes into it. */
const restPerCost = 50;
const addressRestMs = 5000;

/** What a port is. */
const connected = 1;
const listening = 2;

export class OwnConnections {
  readonly #read = new Uint32Array(maxSockets);
  /** Pairs of ports, smaller first, of this and the last look: packets may be older than the end of their connection. */
  #now = new Set<number>();
  #before = new Set<number>();
  /** Nearly all packets are told apart by these alone. */
  readonly #ports = new Uint8Array(65_536);
  /** Hashes of this host's addresses. */
  #addresses = new Set<number>();
  #nextMs = 0;
  #nextAddressesMs = 0;

  /** Looks again when it is time to. */
  refresh(): void {
    const startMs = performance.now();
    if (startMs < this.#nextMs) return;
    if (startMs >= this.#nextAddressesMs) {
      this.#addresses = ownAddresses();
      this.#nextAddressesMs = startMs + addressRestMs;
    }
    this.#ports.fill(0);
    this.#before = this.#now;
    this.#now = new Set();
    const count = loadAddon().readConnections(this.#read);
    for (let i = 0; i < count; i++) {
      const local = this.#read[i]! >>> 16;
      const remote = this.#read[i]! & 0xffff;
      if (remote === 0) this.#ports[local]! |= listening;
      else this.#now.add(pairOf(local, remote));
    }
    for (const pairs of [this.#before, this.#now]) {
      for (const pair of pairs) {
        this.#ports[pair % 65_536]! |= connected;
        this.#ports[Math.floor(pair / 65_536)]! |= connected;
      }
    }
    const endMs = performance.now();
    this.#nextMs = endMs + Math.max(shortestRestMs, restPerCost * (endMs - startMs));
  }

  /** Whether the packet belongs to one of our connections, in either direction, or to a port that we listen on. */
  has(packet: Packet): boolean {
    const { sourcePort, destinationPort } = packet;
    const from = this.#ports[sourcePort]!;
    const to = this.#ports[destinationPort]!;
    if ((from | to) === 0) return false;
    if ((to & listening) !== 0) {
      const { destination0, destination1, destination2, destination3 } = packet;
      if (this.#addresses.has(hash(destination0, destination1, destination2, destination3))) return true;
    }
    if ((from & listening) !== 0) {
      const { source0, source1, source2, source3 } = packet;
      if (this.#addresses.has(hash(source0, source1, source2, source3))) return true;
    }
    if ((from & to & connected) === 0) return false;
    const pair = pairOf(sourcePort, destinationPort);
    return this.#now.has(pair) || this.#before.has(pair);
  }
}

function ownAddresses(): Set<number> {
  const found = new Set<number>();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) {
      const words = addressWords(address);
      if (words !== undefined) found.add(hash(...words));
    }
  }
  return found;
}

function hash(a: number, b: number, c: number, d: number): number {
  return Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d;
}

function pairOf(one: number, other: number): number {
  return one < other ? one * 65_536 + other : other * 65_536 + one;
}
