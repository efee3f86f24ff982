/** Finds out which segments of a TCP connection are repeated or late. */
import { type Packet, tcpFlags } from '../packet/packet.ts';
import {
  type FlowCursor,
  firstSequenceWord,
  outOfOrderWord,
  peerBits,
  peerBitsWord,
  peerWord,
  peerWords,
  retransmissionsWord,
  seenHighWord,
  seenLowWord,
} from './row.ts';
import { after, SeenRanges } from './seen-ranges.ts';

/** Sides that may have holes in what was seen; of further ones a hole counts as seen. */
const maxHoles = 1 << 16;

/**
 * Payload is a retransmission when its first byte was seen, out of order when it was not but is below the highest byte seen or
 * announced (a bare ACK or FIN carries the number of its side's next byte). What was lost before the capture point is therefore
 * late, not repeated, when it comes. A keep-alive (at most one byte, just below the highest) is neither.
 *
 * `mine` is where the words of the packet's peer begin.
 */
export class SegmentOrder {
  /** Seen ranges below the highest, by 2 * row + peer. */
  readonly #ranges = new Map<number, SeenRanges>();

  /** Places a packet's payload among what its side has sent before. */
  payload(flow: FlowCursor, packet: Packet, peer: number, mine: number): void {
    const { words } = flow;
    const low = (packet.seq + (packet.flags & tcpFlags.syn ? 1 : 0)) | 0;
    const high = (low + packet.payloadWireLength) | 0;
    if ((words[mine + peerBitsWord]! & peerBits.seen) === 0) beginSeen(words, mine, low);
    const seenHigh = words[mine + seenHighWord]!;
    const ahead = after(low, seenHigh);
    if (ahead === 0) {
      words[mine + seenHighWord] = high;
      // Half the space back is as far as a comparison reaches.
      if (after(high, words[mine + seenLowWord]!) < 0) words[mine + seenLowWord] = (high - 0x4000_0000) | 0;
      return;
    }
    if (ahead === -1 && packet.payloadWireLength === 1) return;
    if (ahead > 0) {
      this.#jump(flow, peer, mine, low, high);
      return;
    }
    if (after(low, words[mine + seenLowWord]!) >= 0) {
      words[mine + retransmissionsWord]!++;
      if (after(high, seenHigh) > 0) words[mine + seenHighWord] = high;
      return;
    }
    const ranges = this.#rangesOf(flow, peer, mine);
    if (ranges === null || ranges.seenOrAdd(low, high)) {
      words[mine + retransmissionsWord]!++;
      return;
    }
    words[mine + outOfOrderWord]!++;
    if (after(ranges.top, words[mine + seenLowWord]!) >= 0) {
      const joined = ranges.pop()!;
      words[mine + seenLowWord] = joined.low;
      if (after(joined.high, words[mine + seenHighWord]!) > 0) words[mine + seenHighWord] = joined.high;
    }
    if (ranges.count === 0) {
      this.#ranges.delete(2 * flow.row + peer);
      words[mine + peerBitsWord]! &= ~peerBits.holes;
    }
  }

  /**
   * A bare ACK or FIN stands where its side's next byte will: bytes before it that were not seen were sent, and lost on their way
   * here. After a FIN, ACKs stand one further, for the FIN's own number.
   */
  announce(flow: FlowCursor, packet: Packet, peer: number, mine: number): void {
    const { words } = flow;
    const bits = words[mine + peerBitsWord]!;
    if ((bits & (peerBits.opened | peerBits.seen)) === 0) return;
    if (bits & peerBits.fin && (packet.flags & tcpFlags.fin) === 0) return;
    if ((bits & peerBits.seen) === 0) beginSeen(words, mine, packet.seq);
    const seenHigh = words[mine + seenHighWord]!;
    if (after(packet.seq, seenHigh) <= 0) return;
    this.#jump(flow, peer, mine, packet.seq, packet.seq);
  }

  /** Forgets the seen ranges of a flow that is gone. */
  drop(flow: FlowCursor): void {
    for (let peer = 0; peer < 2; peer++) {
      const bits = flow.words[flow.at + peerWord + peer * peerWords + peerBitsWord]!;
      if (bits & peerBits.holes) this.#ranges.delete(2 * flow.row + peer);
    }
  }

  /** The highest range ends, and another begins above a hole. */
  #jump(flow: FlowCursor, peer: number, mine: number, low: number, high: number): void {
    const { words } = flow;
    const ranges = this.#rangesOf(flow, peer, mine);
    if (ranges !== null) {
      ranges.push(words[mine + seenLowWord]!, words[mine + seenHighWord]!);
      words[mine + seenLowWord] = low;
    }
    words[mine + seenHighWord] = high;
  }

  /** The lower ranges of a side; null when too many sides have some. */
  #rangesOf(flow: FlowCursor, peer: number, mine: number): SeenRanges | null {
    const key = 2 * flow.row + peer;
    let ranges = this.#ranges.get(key);
    if (ranges === undefined) {
      if (this.#ranges.size >= maxHoles) return null;
      ranges = new SeenRanges();
      this.#ranges.set(key, ranges);
      flow.words[mine + peerBitsWord]! |= peerBits.holes;
    }
    return ranges;
  }
}

/** The first range: empty, where the stream begins. */
function beginSeen(words: Int32Array, mine: number, first: number): void {
  const begin = words[mine + peerBitsWord]! & peerBits.opened ? words[mine + firstSequenceWord]! : first;
  words[mine + peerBitsWord]! |= peerBits.seen;
  words[mine + seenLowWord] = begin;
  words[mine + seenHighWord] = begin;
}
