/** Puts the segments of one side of a TCP connection in order, and says honestly what was not captured. */
import { after } from './seen-ranges.ts';

/** Takes what comes in order. */
export interface OrderedStream {
  /** False: no more is wanted. */
  data(bytes: Uint8Array, start: number, end: number, timeNs: number, seq: number, frame: number): boolean;
  gap(length: number, timeNs: number): void;
  finish(timeNs: number): void;
}

/** What waiting segments may take. */
export interface ReassemblyLimits {
  /** Of one side of a flow. */
  maxBytes: number;
  maxSegments: number;
  /** A hole is given up this long after the first segment behind it. */
  maxWaitNs: number;
}

/** What all flows together may keep waiting. */
export class ReassemblyBudget {
  readonly maxBytes: number;
  bytes = 0;
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }
}

interface Waiting {
  seq: number;
  /** Bytes on the wire; those not captured are a gap at the end. */
  wireLength: number;
  bytes: Uint8Array;
  timeNs: number;
  frame: number;
}

/** Counted for a waiting segment besides its bytes: the object and its buffer. */
const segmentOverhead = 200;

/** A first segment further than this behind what the peer has acknowledged is none that followed it. */
const farthestStart = 1 << 24;

/*
 *              next            hole                waiting
 *   delivered ──┼──────────────────────┬──────────┬────┬──────
 *               │                      └ segment ─┘    └ …
 *               ├ a segment that begins here goes straight on, from the packet's own bytes; then what waits behind it
 *               ├ one that begins before it loses what is before `next` (the first copy wins)
 *               └ one that begins after it is copied and waits
 *
 * The hole is a gap when the peer acknowledges beyond it (so it was sent and received, but not captured), when too much waits,
 * when it waits too long, and when the connection ends. Lengths are those on the wire: where a packet was cut, its rest is a gap.
 */
export class Reassembly {
  /** Sequence number that is delivered next; known once `started`. */
  next = 0;
  started = false;
  /** The side's FIN was delivered. */
  finished = false;
  #finKnown = false;
  #finSeq = 0;
  /** What the peer had acknowledged when it was heard first, before any segment: what comes is sent behind it. */
  #acknowledged = 0;
  #isAcknowledged = false;
  /** In the order of sequence numbers, none over another. */
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #wanted = true;
  readonly #stream: OrderedStream;
  readonly #limits: ReassemblyLimits;
  readonly #budget: ReassemblyBudget;

  constructor(stream: OrderedStream, limits: ReassemblyLimits, budget: ReassemblyBudget) {
    this.#stream = stream;
    this.#limits = limits;
    this.#budget = budget;
  }

  /** True while segments wait behind a hole. */
  get holding(): boolean {
    return this.#waiting.length > 0;
  }

  /** False once the stream said that no more is wanted. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** The stream begins at this sequence number. */
  begin(seq: number): void {
    this.next = seq;
    this.started = true;
  }

  /**
   * A segment of `wireLength` bytes of which bytes[start, end) were captured. The peer has acknowledged up to `acknowledged`,
   * when `hasAck`.
   */
  segment(
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    timeNs: number,
    frame: number,
    acknowledged: number,
    hasAck: boolean,
  ): void {
    if (!this.started) this.#join(seq, acknowledged);
    if (this.finished) return;
    const ahead = after(seq, this.next);
    if (ahead > 0) {
      if (hasAck && after(acknowledged, seq) >= 0 && this.#waiting.length === 0) {
        this.#skipTo(seq, timeNs);
      } else {
        this.#wait(seq, bytes, start, end, wireLength, timeNs, frame);
        if (hasAck) this.acknowledge(acknowledged, timeNs);
        this.#makeRoom(timeNs);
        return;
      }
    }
    this.#deliver(seq, bytes, start, end, wireLength, timeNs, frame);
    if (this.#waiting.length > 0) this.#drain(timeNs);
    if (this.#finKnown) this.#finishIfThere(timeNs);
  }

  /** The side said with FIN that its stream ends before this sequence number. */
  fin(seq: number, timeNs: number): void {
    if (this.#finKnown) return;
    if (!this.started) this.begin(seq);
    this.#finKnown = true;
    this.#finSeq = seq;
    this.#finishIfThere(timeNs);
  }

  /** The first segment of a stream whose beginning was not seen: what the peer has got since it was heard first is a hole before it. */
  #join(seq: number, acknowledged: number): void {
    const isHole =
      this.#isAcknowledged &&
      after(acknowledged, this.#acknowledged) > 0 &&
      after(seq, this.#acknowledged) > 0 &&
      after(seq, this.#acknowledged) <= farthestStart;
    this.begin(isHole ? this.#acknowledged : seq);
  }

  /** The peer acknowledged everything before `seq`: a hole before it will not be filled. */
  acknowledge(seq: number, timeNs: number): void {
    if (!this.started && !this.#isAcknowledged) {
      this.#acknowledged = seq;
      this.#isAcknowledged = true;
    }
    while (this.#wanted && this.#waiting.length > 0 && after(seq, this.next) > 0) {
      const first = this.#waiting[0]!.seq;
      if (after(first, seq) > 0) this.#skipTo(seq, timeNs);
      else this.#giveUpHole(timeNs);
    }
    if (this.#finKnown && after(seq, this.#finSeq) > 0 && !this.finished) {
      this.#skipTo(this.#finSeq, timeNs);
      this.#finishIfThere(timeNs);
    }
  }

  /** Gives up holes that nothing filled in time. */
  expire(nowNs: number): void {
    while (this.#waiting.length > 0 && this.#oldestNs() + this.#limits.maxWaitNs <= nowNs) this.#giveUpHole(nowNs);
  }

  /** The connection is over: delivers what waits, with its gaps, up to what the peer acknowledged. */
  end(timeNs: number, acknowledged: number, hasAck: boolean): void {
    while (this.#wanted && this.#waiting.length > 0) this.#giveUpHole(timeNs);
    if (!this.#wanted || !this.started || this.finished || !hasAck) return;
    // One beyond the data is the FIN's own number, or that of the SYN.
    const missing = after(acknowledged, this.next);
    if (missing > 1) this.#skipTo(acknowledged, timeNs);
  }

  /** Nothing is delivered any more; lets go of what waits. */
  drop(): void {
    this.#wanted = false;
    this.#release();
  }

  #release(): void {
    this.#budget.bytes -= this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#waiting = [];
  }

  #deliver(
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    timeNs: number,
    frame: number,
  ): void {
    const known = after(this.next, seq);
    if (known >= wireLength || !this.#wanted) return;
    this.next = (seq + wireLength) | 0;
    const from = start + known;
    if (from < end && !this.#stream.data(bytes, from, end, timeNs, (seq + known) >>> 0, frame)) {
      this.drop();
      return;
    }
    const cut = wireLength - Math.max(known, end - start);
    if (cut > 0) this.#stream.gap(cut, timeNs);
  }

  /** Keeps those parts of a segment that no waiting one holds: the first copy wins. */
  #wait(
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    timeNs: number,
    frame: number,
  ): void {
    const waiting = this.#waiting;
    let index = waiting.length;
    while (index > 0 && after(waiting[index - 1]!.seq, seq) > 0) index--;
    const before = waiting[index - 1];
    let from = before === undefined ? 0 : Math.max(0, after(before.seq, seq) + before.wireLength);
    while (from < wireLength) {
      const following = waiting[index];
      const to = following === undefined ? wireLength : Math.min(wireLength, after(following.seq, seq));
      if (to > from) {
        const part = copy(bytes, Math.min(start + from, end), Math.min(start + to, end));
        waiting.splice(index++, 0, { seq: (seq + from) | 0, wireLength: to - from, bytes: part, timeNs, frame });
        this.#waitingBytes += part.length + segmentOverhead;
        this.#budget.bytes += part.length + segmentOverhead;
      }
      if (following === undefined) return;
      from = after(following.seq, seq) + following.wireLength;
      index++;
    }
  }

  #makeRoom(timeNs: number): void {
    const { maxBytes, maxSegments } = this.#limits;
    while (
      this.#waiting.length > 0 &&
      (this.#waitingBytes > maxBytes ||
        this.#waiting.length > maxSegments ||
        this.#budget.bytes > this.#budget.maxBytes)
    ) {
      this.#giveUpHole(timeNs);
    }
  }

  /** Reports the hole before the first waiting segment and goes on with it. */
  #giveUpHole(timeNs: number): void {
    this.#skipTo(this.#waiting[0]!.seq, timeNs);
    this.#drain(timeNs);
  }

  #skipTo(seq: number, timeNs: number): void {
    const length = after(seq, this.next);
    if (length <= 0) return;
    this.next = seq;
    this.#stream.gap(length, timeNs);
  }

  /** Delivers the waiting segments that are next. */
  #drain(nowNs: number): void {
    let count = 0;
    for (; count < this.#waiting.length && this.#wanted; count++) {
      const { seq, bytes, wireLength, timeNs, frame } = this.#waiting[count]!;
      if (after(seq, this.next) > 0) break;
      this.#waitingBytes -= bytes.length + segmentOverhead;
      this.#budget.bytes -= bytes.length + segmentOverhead;
      this.#deliver(seq, bytes, 0, bytes.length, wireLength, timeNs, frame);
    }
    if (count > 0 && this.#wanted) this.#waiting.splice(0, count);
    if (this.#finKnown) this.#finishIfThere(nowNs);
  }

  #finishIfThere(timeNs: number): void {
    if (this.finished || !this.#wanted || after(this.#finSeq, this.next) > 0) return;
    this.finished = true;
    this.#release();
    this.#stream.finish(timeNs);
  }

  #oldestNs(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { timeNs } of this.#waiting) if (timeNs < oldest) oldest = timeNs;
    return oldest;
  }
}

/** Buffer's own `slice` would only be a view. */
function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copied = Buffer.allocUnsafeSlow(end - start);
  copied.set(bytes.subarray(start, end));
  return copied;
}
