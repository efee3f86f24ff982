/** Hands the payload of flows to whoever wants it: one conversation per flow, made with its first payload byte. */
import type { Transport } from '../identity.ts';
import { ipProtocols, type Packet, tcpFlags } from '../packet/packet.ts';
import { ipv4Text } from './addresses.ts';
import type { Connect, EndReason } from './consumer.ts';
import { Conversation, ObservedFlow } from './conversation.ts';
import { evidence } from './direction.ts';
import { peerAddress, peerPort } from './peers.ts';
import { ReassemblyBudget, type ReassemblyLimits } from './reassembly.ts';
import {
  bitsWord,
  evidenceWord,
  type FlowCursor,
  firstSequenceWord,
  flowBits,
  highestAckWord,
  idHiWord,
  idLoWord,
  peerBits,
  peerBitsWord,
  peerWord,
  peerWords,
  realAddressWord,
  realPortWord,
} from './row.ts';

export interface PayloadOptions {
  /** Null: nobody wants any payload. */
  connect: Connect | null;
  limits: ReassemblyLimits;
  /** Flows whose payload is read at one time. */
  maxConversations: number;
  /** Of all waiting segments together. */
  budgetBytes: number;
  /** What the table knows of the flow and its row does not hold. */
  names: (flow: FlowCursor) => FlowNames;
  /** Turns the roles of the flow in this row round. */
  turn: (row: number) => void;
}

/** Names that the table knows and rows do not hold. */
export interface FlowNames {
  interfaceName: string;
  observationPoint: string;
  tunnel: string;
}

export class Payloads {
  readonly budget: ReassemblyBudget;
  /** Holes that were never filled, and their bytes. */
  gaps = 0;
  gapBytes = 0;
  /** Flows whose payload was not read because too many others' was. */
  refused = 0;
  #count = 0;
  readonly #options: PayloadOptions;
  readonly #conversations: (Conversation | undefined)[] = [];
  /** Conversations with segments that wait behind a hole. */
  readonly #holding = new Set<Conversation>();

  constructor(options: PayloadOptions) {
    this.#options = options;
    this.budget = new ReassemblyBudget(options.budgetBytes);
  }

  get(row: number): Conversation | undefined {
    return this.#conversations[row];
  }

  /** A TCP packet of a flow whose payload is wanted or not yet asked about. */
  tcp(flow: FlowCursor, packet: Packet, peer: number): void {
    let conversation = this.#conversations[flow.row];
    const { flags, payloadWireLength } = packet;
    if (conversation === undefined) {
      if (payloadWireLength === 0 || flags & tcpFlags.rst) return;
      const opened = this.#connect(flow, 'tcp');
      if (opened === null) return;
      conversation = opened;
      for (const side of [0, 1] as const) {
        const at = flow.at + peerWord + side * peerWords;
        if (flow.words[at + peerBitsWord]! & peerBits.opened) {
          conversation.streams[side].begin(flow.words[at + firstSequenceWord]!);
        }
      }
    }
    const mine = conversation.streams[peer as 0 | 1];
    const other = conversation.streams[(1 - peer) as 0 | 1];
    if (flags & tcpFlags.ack) other.acknowledge(packet.ack, packet.timeNs);
    const seq = flags & tcpFlags.syn ? packet.seq + 1 : packet.seq;
    if (payloadWireLength > 0 && (flags & tcpFlags.rst) === 0) {
      const ack = flow.at + peerWord + (1 - peer) * peerWords;
      mine.segment(
        seq,
        packet.bytes,
        packet.payloadStart,
        packet.payloadStart + packet.payloadLength,
        payloadWireLength,
        packet.timeNs,
        packet.frame,
        flow.words[ack + highestAckWord]!,
        (flow.words[ack + peerBitsWord]! & peerBits.acked) !== 0,
      );
      if (mine.holding) this.#holding.add(conversation);
    }
    if (flags & tcpFlags.fin && conversation.consumer !== null) mine.fin((seq + payloadWireLength) | 0, packet.timeNs);
    if (conversation.consumer === null) this.#stop(flow, conversation);
    else if (flags & tcpFlags.rst) this.#finish(flow, conversation, packet.timeNs, 'reset');
    else if (mine.finished && other.finished) this.#finish(flow, conversation, packet.timeNs, 'finished');
  }

  /** A datagram of UDP, or an ICMP echo from its header on; other messages have no payload that anybody reads. */
  message(flow: FlowCursor, packet: Packet, peer: number): void {
    const { payloadStart, payloadLength, payloadWireLength, layer4Length } = packet;
    const isUdp = packet.ipProtocol === ipProtocols.udp;
    if (isUdp ? payloadWireLength === 0 : !isEcho(packet)) return;
    let conversation = this.#conversations[flow.row];
    if (conversation === undefined) {
      const opened = this.#connect(flow, isUdp ? 'udp' : 'icmp');
      if (opened === null) return;
      conversation = opened;
    }
    const start = isUdp ? payloadStart : payloadStart - echoHeader;
    const wireLength = isUdp ? payloadWireLength : layer4Length;
    const end = payloadStart + payloadLength;
    conversation.datagram(peer, packet.bytes, start, end, wireLength, packet.timeNs, packet.frame);
    if (conversation.consumer === null) this.#stop(flow, conversation);
  }

  /** The flow is over: delivers what waits and closes. */
  close(flow: FlowCursor, timeNs: number, reason: EndReason): void {
    const conversation = this.#conversations[flow.row];
    if (conversation !== undefined && conversation.consumer !== null) this.#finish(flow, conversation, timeNs, reason);
  }

  /** Forgets the flow, after its last record. */
  drop(flow: FlowCursor): void {
    const conversation = this.#conversations[flow.row];
    if (conversation === undefined) return;
    // The row will be another's.
    conversation.identity.turn = null;
    this.#conversations[flow.row] = undefined;
    this.#count--;
  }

  /** Gives up holes that waited too long. */
  tick(nowNs: number): void {
    for (const conversation of this.#holding) {
      for (const stream of conversation.streams) stream.expire(nowNs);
      if (!conversation.streams[0].holding && !conversation.streams[1].holding) this.#holding.delete(conversation);
    }
  }

  #connect(flow: FlowCursor, transport: Transport): Conversation | null {
    const { connect, limits, turn } = this.#options;
    if (connect === null) {
      flow.words[flow.at + bitsWord]! |= flowBits.unwanted;
      return null;
    }
    if (this.#count >= this.#options.maxConversations) {
      this.refused++;
      flow.words[flow.at + bitsWord]! |= flowBits.unwanted;
      return null;
    }
    const names = this.#options.names(flow);
    const { row } = flow;
    const { words, at } = flow;
    const asGuessed = words[at + bitsWord]! & flowBits.reversed ? 1 : 0;
    const identity = new ObservedFlow();
    identity.transport = transport;
    identity.isOlder = transport === 'tcp' && words[at + evidenceWord]! < evidence.synAck;
    identity.clientAddress = peerAddress(flow, asGuessed);
    identity.clientPort = peerPort(flow, asGuessed);
    identity.serverAddress = peerAddress(flow, 1 - asGuessed);
    identity.serverPort = peerPort(flow, 1 - asGuessed);
    identity.idHi = words[at + idHiWord]! >>> 0;
    identity.idLo = words[at + idLoWord]! >>> 0;
    identity.interfaceName = names.interfaceName;
    identity.observationPoint = names.observationPoint;
    identity.tunnel = names.tunnel;
    if (words[at + realAddressWord] !== 0) {
      identity.realClientAddress = ipv4Text(words[at + realAddressWord]!);
      identity.realClientPort = words[at + realPortWord]!;
    }
    identity.turn = () => turn(row);
    const consumer = connect(identity);
    if (consumer === null) {
      words[at + bitsWord]! |= flowBits.unwanted;
      return null;
    }
    // `connect` may have turned the flow round.
    const client = words[at + bitsWord]! & flowBits.reversed ? 1 : 0;
    const conversation = new Conversation(identity, client, consumer, limits, this.budget, this);
    while (this.#conversations.length < flow.row) this.#conversations.push(undefined);
    this.#conversations[flow.row] = conversation;
    this.#count++;
    return conversation;
  }

  #finish(flow: FlowCursor, conversation: Conversation, timeNs: number, reason: EndReason): void {
    for (const peer of [0, 1] as const) {
      const ack = flow.at + peerWord + (1 - peer) * peerWords;
      const hasAck = (flow.words[ack + peerBitsWord]! & peerBits.acked) !== 0;
      conversation.streams[peer].end(timeNs, flow.words[ack + highestAckWord]!, hasAck);
    }
    conversation.close(timeNs, reason);
    this.#stop(flow, conversation);
  }

  #stop(flow: FlowCursor, conversation: Conversation): void {
    flow.words[flow.at + bitsWord]! |= flowBits.unwanted;
    this.#holding.delete(conversation);
  }
}

const echoHeader = 8;
const smallestIpHeader = 20;

/** ICMP and ICMPv6 echo request and reply (RFC 792, RFC 4443 §4), the header captured whole. */
function isEcho(packet: Packet): boolean {
  if (packet.payloadStart - packet.ipStart < smallestIpHeader + echoHeader) return false;
  if (packet.ipProtocol === ipProtocols.icmp) return packet.icmpType === 0 || packet.icmpType === 8;
  return packet.ipProtocol === ipProtocols.icmpv6 && (packet.icmpType === 128 || packet.icmpType === 129);
}
