/** A flow whose payload somebody takes: its identity, and the two streams in order. */
import type { FlowIdentity, Transport } from '../identity.ts';
import type { EndReason, StreamConsumer } from './consumer.ts';
import { type OrderedStream, Reassembly, type ReassemblyBudget, type ReassemblyLimits } from './reassembly.ts';

/** What a flow says of itself, and what its calls say of it: whoever reads the payload fills the second half. */
export class ObservedFlow implements FlowIdentity {
  transport: Transport = 'tcp';
  isOlder = false;
  clientAddress = '';
  clientPort = 0;
  serverAddress = '';
  serverPort = 0;
  realClientAddress = '';
  realClientPort = 0;
  idHi = 0;
  idLo = 0;
  observationPoint = '';
  interfaceName = '';
  tunnel = '';
  readonly socket = null;

  /** Name of the protocol of its calls, once known; goes into the flow's records as `network.protocol.name`. */
  protocol = '';
  /** Calls since the flow's last record, which sets them to 0. */
  requests = 0;
  responses = 0;
  clientErrors = 0;
  serverErrors = 0;
  timeouts = 0;
  /** The last call ended well: a reset by the client after it is a normal end. */
  answered = false;

  /** Turns the flow's own row round; unset once the flow is over. */
  turn: (() => void) | null = null;

  /** A record has told the calls. */
  clearCalls(): void {
    this.requests = 0;
    this.responses = 0;
    this.clientErrors = 0;
    this.serverErrors = 0;
    this.timeouts = 0;
  }

  reverse(): void {
    const { clientAddress, clientPort } = this;
    this.clientAddress = this.serverAddress;
    this.clientPort = this.serverPort;
    this.serverAddress = clientAddress;
    this.serverPort = clientPort;
    if (this.observationPoint === 'c') this.observationPoint = 's';
    else if (this.observationPoint === 's') this.observationPoint = 'c';
    this.turn?.();
  }
}

/** Where the gaps of all flows are counted. */
export interface GapTotal {
  gaps: number;
  gapBytes: number;
}

/** Calls of the flow table into the consumer of one flow. Peers are those of the row; sides those of the identity. */
export class Conversation {
  readonly identity: ObservedFlow;
  /** The peer that is the client. */
  client: number;
  /** Null once nobody wants the payload. */
  consumer: StreamConsumer | null;
  /** Of peer 0 and 1; TCP only. */
  readonly streams: readonly [Reassembly, Reassembly];
  /** Bytes not captured since the flow's last record, by peer. */
  readonly gapBytes: [number, number] = [0, 0];
  readonly #total: GapTotal;

  constructor(
    identity: ObservedFlow,
    client: number,
    consumer: StreamConsumer,
    limits: ReassemblyLimits,
    budget: ReassemblyBudget,
    total: GapTotal,
  ) {
    this.#total = total;
    this.identity = identity;
    this.client = client;
    this.consumer = consumer;
    this.streams = [
      new Reassembly(new PeerStream(this, 0), limits, budget),
      new Reassembly(new PeerStream(this, 1), limits, budget),
    ];
  }

  /** One datagram or message, whole or cut. */
  datagram(
    peer: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    timeNs: number,
    frame: number,
  ): void {
    const side = this.side(peer);
    if (this.consumer?.data(side, bytes, start, end, timeNs, 0, frame) === false) {
      this.consumer = null;
      return;
    }
    if (wireLength > end - start) this.gap(peer, wireLength - (end - start), timeNs);
  }

  gap(peer: number, length: number, timeNs: number): void {
    this.gapBytes[peer as 0 | 1] += length;
    this.#total.gaps++;
    this.#total.gapBytes += length;
    this.consumer?.gap(this.side(peer), length, timeNs);
  }

  /** Bytes of a peer that were missed since the last call. */
  takeGap(peer: 0 | 1): number {
    const bytes = this.gapBytes[peer];
    this.gapBytes[peer] = 0;
    return bytes;
  }

  side(peer: number): 0 | 1 {
    return peer === this.client ? 0 : 1;
  }

  /** Nobody wants more. */
  drop(): void {
    this.consumer = null;
    this.streams[0].drop();
    this.streams[1].drop();
  }

  close(timeNs: number, reason: EndReason): void {
    this.consumer?.close(timeNs, reason);
    this.drop();
  }
}

class PeerStream implements OrderedStream {
  readonly #conversation: Conversation;
  readonly #peer: number;

  constructor(conversation: Conversation, peer: number) {
    this.#conversation = conversation;
    this.#peer = peer;
  }

  data(bytes: Uint8Array, start: number, end: number, timeNs: number, seq: number, frame: number): boolean {
    const conversation = this.#conversation;
    const { consumer } = conversation;
    if (consumer?.data(conversation.side(this.#peer), bytes, start, end, timeNs, seq, frame) === true) return true;
    conversation.drop();
    return false;
  }

  gap(length: number, timeNs: number): void {
    this.#conversation.gap(this.#peer, length, timeNs);
  }

  finish(timeNs: number): void {
    const conversation = this.#conversation;
    conversation.consumer?.finish(conversation.side(this.#peer), timeNs);
  }
}
