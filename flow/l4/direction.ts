/** Which end of a flow is the client when no handshake tells: listening ports, remembered servers, port numbers. */
import { type DirectionEvidence, directionEvidence } from '../../pdata/schema/flow-log.ts';
import { ipProtocols } from '../packet/packet.ts';
import type { FlowTableOptions } from './options.ts';
import { addressWord, bitsWord, evidenceWord, type FlowCursor, flowBits, portsWord } from './row.ts';

/** Numbers of the evidences, as rows keep them: the higher, the surer. */
export const evidence = {
  firstPacket: numberOf('first_packet'),
  port: numberOf('port'),
  history: numberOf('history'),
  listeningPort: numberOf('listening_port'),
  payload: numberOf('payload'),
  synAck: numberOf('syn_ack'),
  syn: numberOf('syn'),
};

function numberOf(name: DirectionEvidence): number {
  return directionEvidence.indexOf(name);
}

/** How sure an evidence is, 0 to 255; by number. */
export const evidenceScores = [1, 128, 240, 253, 254, 255, 255] as const;

/** Ports at and above are handed out to clients by most systems (Linux: 32768). */
const ephemeralPort = 32768;
/** Ports below need a privilege to listen on, so servers have them. */
const privilegedPort = 1024;

/** 1: `first` looks like the server's port, -1: `second` does, 0: neither. Some protocols' ports are among those handed out to clients. */
export function comparePorts(first: number, second: number, registered: ReadonlySet<number>): number {
  const rank = (port: number) => (port < privilegedPort ? 3 : registered.has(port) ? 2 : port < ephemeralPort ? 1 : 0);
  return Math.sign(rank(first) - rank(second));
}

/**
 * Guesses the client of a flow whose first packet, sent by `peer`, is no SYN: sets who it is and the evidence. What is configured
 * outranks what was seen, and that outranks what port numbers suggest.
 */
export function guessClient(
  flow: FlowCursor,
  peer: number,
  protocol: number,
  { listeningPorts, registeredPorts }: Pick<FlowTableOptions, 'listeningPorts' | 'registeredPorts'>,
  servers: ServerHistory,
): void {
  const { words, at } = flow;
  let server = 1 - peer;
  let why = evidence.firstPacket;
  if (protocol === ipProtocols.tcp || protocol === ipProtocols.udp) {
    const first = words[at + portsWord]! >>> 16;
    const second = words[at + portsWord]! & 0xffff;
    const listens = Number(listeningPorts.has(first)) - Number(listeningPorts.has(second));
    const served =
      Number(servers.has(words, at + addressWord, first, protocol)) -
      Number(servers.has(words, at + addressWord + 4, second, protocol));
    const looks = comparePorts(first, second, protocol === ipProtocols.tcp ? registeredPorts : none);
    const verdict = listens || served || looks;
    if (verdict !== 0) {
      server = verdict > 0 ? 0 : 1;
      why = listens !== 0 ? evidence.listeningPort : served !== 0 ? evidence.history : evidence.port;
    }
  }
  if (server === 0) words[at + bitsWord]! |= flowBits.reversed;
  words[at + evidenceWord] = why;
}

const none: ReadonlySet<number> = new Set();

const ways = 4;

/**
 * Ends that were seen to answer a SYN, remembered for flows that are joined in the middle: a table of fixed size in which a new
 * server takes the place of one of the four that share its slot.
 */
export class ServerHistory {
  /** Pairs of hashes; both 0 is empty. */
  readonly #entries: Int32Array;
  readonly #mask: number;
  #turn = 0;

  /** `capacity` is a power of two. */
  constructor(capacity = 16384) {
    this.#entries = new Int32Array(2 * capacity);
    this.#mask = capacity / ways - 1;
  }

  add(words: Int32Array, addressAt: number, port: number, protocol: number): void {
    const first = hash(words, addressAt, port, protocol, 0x1234_567);
    const second = hash(words, addressAt, port, protocol, 0x7654_321);
    if (this.#find(first, second)) return;
    const slot = (first & this.#mask) * ways + (this.#turn++ & (ways - 1));
    this.#entries[2 * slot] = first;
    this.#entries[2 * slot + 1] = second;
  }

  has(words: Int32Array, addressAt: number, port: number, protocol: number): boolean {
    return this.#find(
      hash(words, addressAt, port, protocol, 0x1234_567),
      hash(words, addressAt, port, protocol, 0x7654_321),
    );
  }

  #find(first: number, second: number): boolean {
    const from = (first & this.#mask) * ways;
    for (let slot = from; slot < from + ways; slot++) {
      if (this.#entries[2 * slot] === first && this.#entries[2 * slot + 1] === second) return true;
    }
    return false;
  }
}

function hash(words: Int32Array, at: number, port: number, protocol: number, seed: number): number {
  let value = seed ^ (port << 8) ^ protocol;
  for (let word = 0; word < 4; word++) {
    value = Math.imul(value ^ words[at + word]!, 0x9e37_79b1);
    value ^= value >>> 15;
  }
  return Math.imul(value, 0x85eb_ca6b) ^ (value >>> 13);
}
