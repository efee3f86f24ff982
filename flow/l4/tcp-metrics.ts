/** Measures a TCP connection packet by packet: the delays between the two sides, repeated SYNs, full windows. */
import { type Packet, tcpFlags } from '../packet/packet.ts';
import { type DelayBook, delayNumbers } from './delays.ts';
import {
  bitsWord,
  type FlowCursor,
  firstSequenceWord,
  flowBits,
  handshakeTimeDouble,
  lastLengthWord,
  lastSequenceWord,
  lastTimeDouble,
  peerBits,
  peerBitsWord,
  peerDouble,
  peerDoubles,
  peerWord,
  peerWords,
  retransmissionsWord,
  synAckRepeatWord,
  synAckSequenceWord,
  synAckWord,
  synRepeatWord,
  synSequenceWord,
  synWord,
  windowWord,
  zeroWindowWord,
} from './row.ts';
import { after } from './seen-ranges.ts';
import { SegmentOrder } from './segment-order.ts';

/*
 *   client      capture point     server
 *     │ SYN ───────────┼────────────► │ ┐
 *     │                │              │ ├ rtt_server: first SYN → each SYN/ACK, while nothing but a handshake was seen
 *     │ ◄──────────────┼───── SYN/ACK │ ┘ ┐
 *     │                │              │   ├ rtt_client: first SYN/ACK → each ACK of the handshake
 *     │ ACK ───────────┼────────────► │   ┘                    rtt: first SYN → ACK of the handshake, if SYN came first
 *     │                │              │   ┐
 *     │                │              │   ├ cit: the later of the two last packets → data, right after the handshake
 *     │ data ──────────┼────────────► │ ┐ ┘
 *     │                │              │ ├ srt: client's data → the bare ACK that acknowledges exactly it
 *     │ ◄──────────────┼───────── ACK │ ┘
 *     │ ◄──────────────┼──────── data │   art: client's data → the server's next data in order; a bare ACK of the server may
 *     │                │              │        come between, one of the client or data without PSH in between ends the chance
 *     │                │              │   ┐
 *     │ data ──────────┼────────────► │   ┘ cit: the server's last packet → the client's next data
 *
 *   bare ACK   flags exactly ACK, no payload          data   flags exactly PSH and ACK, more than one byte
 *   FIN, RST and impossible flags end all chances and are not measured; packets older than the last of either side neither.
 *
 * A second ACK of the handshake counts again (the first did not arrive), unless its window differs: that one announces room.
 * After the handshake, a repeated SYN/ACK is a retransmission and no round trip.
 *
 * A window is full when it is 0, which no scaling changes; a lone SYN has none to speak of.
 */

const measuredFlags = tcpFlags.fin | tcpFlags.syn | tcpFlags.rst | tcpFlags.psh | tcpFlags.ack | tcpFlags.urg;
const pushAck = tcpFlags.psh | tcpFlags.ack;
const synAck = tcpFlags.syn | tcpFlags.ack;
const chances = ~(peerBits.awaitsAck | peerBits.awaitsData | peerBits.timesHandshake);
const answers = ~(peerBits.awaitsAck | peerBits.awaitsData);

export class TcpMeter {
  readonly #delays: DelayBook;
  readonly #order = new SegmentOrder();

  constructor(delays: DelayBook) {
    this.#delays = delays;
  }

  /** Measures a packet of peer `peer` (0, 1), who is the client or is not. */
  measure(flow: FlowCursor, packet: Packet, peer: number, isClient: boolean): void {
    const { words, doubles } = flow;
    const mine = flow.at + peerWord + peer * peerWords;
    const other = flow.at + peerWord + (1 - peer) * peerWords;
    const myTimes = flow.half + peerDouble + peer * peerDoubles;
    const otherTimes = flow.half + peerDouble + (1 - peer) * peerDoubles;
    const flags = packet.flags & measuredFlags;
    const length = packet.payloadWireLength;
    if (length > 0) this.#order.payload(flow, packet, peer, mine);
    else if ((flags & ~tcpFlags.fin) === tcpFlags.ack) this.#order.announce(flow, packet, peer, mine);

    if (!isMeasured(flags)) {
      words[mine + peerBitsWord]! &= chances;
      words[other + peerBitsWord]! &= chances;
      return;
    }
    const now = packet.timeNs;
    if (now < doubles[myTimes + lastTimeDouble]! || now < doubles[otherTimes + lastTimeDouble]!) return;

    if (flags & tcpFlags.syn) this.#syn(flow, packet, mine, other, myTimes, flags === synAck);
    const bareAck = flags === tcpFlags.ack && length === 0;
    const data = flags === pushAck && length > 1;
    let handshaking = (words[flow.at + bitsWord]! & flowBits.handshaking) !== 0;
    if (handshaking) {
      handshaking = (flags & tcpFlags.syn) !== 0 || (bareAck && isClient);
      if (handshaking) this.#handshake(flow, packet, mine, other, myTimes, otherTimes, flags === synAck, bareAck);
      else words[flow.at + bitsWord]! &= ~flowBits.handshaking;
    }
    if (!handshaking) this.#transfer(flow, packet, mine, other, myTimes, otherTimes, isClient, bareAck, data);

    words[mine + lastSequenceWord] = packet.seq;
    words[mine + lastLengthWord] = flags & tcpFlags.syn ? 1 : length;
    words[mine + windowWord] = packet.window;
    doubles[myTimes + lastTimeDouble] = now;
  }

  /** Forgets what is known of a flow that is gone. */
  drop(flow: FlowCursor): void {
    this.#order.drop(flow);
  }

  /** SYN and SYN/ACK: how many, how many again, and what they open. */
  #syn(flow: FlowCursor, packet: Packet, mine: number, other: number, myTimes: number, isSynAck: boolean): void {
    const { words, doubles } = flow;
    const opened = (words[mine + peerBitsWord]! & peerBits.opened) !== 0;
    if (isSynAck) {
      words[flow.at + synAckWord]!++;
      if (words[mine + peerBitsWord]! & peerBits.synAckSent) {
        words[flow.at + synAckRepeatWord]!++;
        words[mine + retransmissionsWord]!++;
      } else {
        words[mine + peerBitsWord]! |= peerBits.synAckSent;
        doubles[myTimes + handshakeTimeDouble] = packet.timeNs;
        words[flow.at + synAckSequenceWord] = packet.seq;
        if (words[other + peerBitsWord]! & peerBits.opened) words[other + peerBitsWord]! |= peerBits.timesHandshake;
        else open(words, other, packet.ack);
      }
    } else {
      words[flow.at + synWord]!++;
      if (words[mine + peerBitsWord]! & peerBits.synSent) {
        words[flow.at + synRepeatWord]!++;
        words[mine + retransmissionsWord]!++;
      } else {
        words[mine + peerBitsWord]! |= peerBits.synSent;
        words[flow.at + synSequenceWord] = packet.seq;
        if (!opened) {
          doubles[myTimes + handshakeTimeDouble] = packet.timeNs;
          words[flow.at + bitsWord]! |= flowBits.handshaking;
        }
      }
    }
    if (!opened) open(words, mine, (packet.seq + 1) | 0);
  }

  /** A SYN, SYN/ACK or bare ACK of the client while nothing else was seen. */
  #handshake(
    flow: FlowCursor,
    packet: Packet,
    mine: number,
    other: number,
    myTimes: number,
    otherTimes: number,
    isSynAck: boolean,
    bareAck: boolean,
  ): void {
    const { words, doubles } = flow;
    const otherBits = words[other + peerBitsWord]!;
    const answersOther = after(packet.ack, words[other + firstSequenceWord]!) === 0;
    if (isSynAck && answersOther && otherBits & peerBits.synSent) {
      this.#delays.add(flow, delayNumbers.rttServer, packet.timeNs - doubles[otherTimes + handshakeTimeDouble]!);
    }
    if (!bareAck || !answersOther || (otherBits & peerBits.synAckSent) === 0) return;
    const again = (words[mine + peerBitsWord]! & peerBits.handshakeAck) !== 0;
    if (again && words[mine + windowWord] !== packet.window) return;
    words[mine + peerBitsWord]! |= peerBits.handshakeAck;
    this.#delays.add(flow, delayNumbers.rttClient, packet.timeNs - doubles[otherTimes + handshakeTimeDouble]!);
    if (words[mine + peerBitsWord]! & peerBits.timesHandshake) {
      this.#delays.add(flow, delayNumbers.rtt, packet.timeNs - doubles[myTimes + handshakeTimeDouble]!);
    }
  }

  /** Everything after the handshake. */
  #transfer(
    flow: FlowCursor,
    packet: Packet,
    mine: number,
    other: number,
    myTimes: number,
    otherTimes: number,
    isClient: boolean,
    bareAck: boolean,
    data: boolean,
  ): void {
    const { words, doubles } = flow;
    const now = packet.timeNs;
    const bits = words[mine + peerBitsWord]!;
    const otherLast = doubles[otherTimes + lastTimeDouble]!;
    if (!isClient) {
      if (bareAck && bits & peerBits.awaitsAck) {
        const acknowledged = words[other + lastSequenceWord]! + words[other + lastLengthWord]!;
        if (after(packet.ack, acknowledged) === 0) this.#delays.add(flow, delayNumbers.srt, now - otherLast);
      }
      if (packet.payloadWireLength > 0 && bits & peerBits.awaitsData) {
        const next = words[mine + lastSequenceWord]! + words[mine + lastLengthWord]!;
        if (after(packet.seq, next) === 0) this.#delays.add(flow, delayNumbers.art, now - otherLast);
      }
    } else if (data) {
      this.#clientIdle(flow, now, mine, other, doubles[myTimes + lastTimeDouble]!, otherLast);
    }
    words[mine + peerBitsWord]! &= bareAck ? ~peerBits.awaitsAck : answers;
    if (data) words[other + peerBitsWord]! |= peerBits.awaitsAck | peerBits.awaitsData;
    else words[other + peerBitsWord]! &= answers;

    if (packet.window === 0 && (packet.flags & synAck) !== tcpFlags.syn) words[mine + zeroWindowWord]!++;
  }

  #clientIdle(flow: FlowCursor, now: number, mine: number, other: number, myLast: number, otherLast: number): void {
    const { words } = flow;
    if (words[mine + peerBitsWord]! & peerBits.handshakeAck) {
      words[mine + peerBitsWord]! &= ~peerBits.handshakeAck;
      this.#delays.add(flow, delayNumbers.cit, now - Math.max(myLast, otherLast));
    } else if (words[other + lastLengthWord]! > 1 && (words[mine + lastLengthWord]! <= 1 || otherLast > myLast)) {
      this.#delays.add(flow, delayNumbers.cit, now - otherLast);
    }
  }
}

/** Flags that a packet of a connection can have, FIN and RST aside (see the drawing). */
function isMeasured(flags: number): boolean {
  if (flags & (tcpFlags.fin | tcpFlags.rst)) return false;
  if (flags & tcpFlags.syn) return (flags & tcpFlags.ack) !== 0 || flags === tcpFlags.syn;
  return (flags & tcpFlags.ack) !== 0;
}

function open(words: Int32Array, peer: number, firstSequence: number): void {
  words[peer + firstSequenceWord] = firstSequence;
  words[peer + peerBitsWord]! |= peerBits.opened;
}
