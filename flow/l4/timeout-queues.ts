/** Which flow is idle longest: one queue of flows for each timeout, in the order of their last packets. */
import { FlowCursor, type FlowRows, lastDouble, nextWord, previousWord, queueWord } from './row.ts';

/**
 * All flows of a queue have the same timeout, so the first to expire is always at its head: expiring costs nothing until a flow is
 * due, and the longest idle flow of all is one of the heads. A flow moves to the tail at most once a second, so the order is
 * true to a second.
 */
export class TimeoutQueues {
  /** Row + 1; 0 is none. */
  readonly #heads: Int32Array;
  readonly #tails: Int32Array;
  readonly #timeoutsNs: readonly number[];
  readonly #rows: FlowRows;
  readonly #other = new FlowCursor();

  constructor(rows: FlowRows, timeoutsNs: readonly number[]) {
    this.#rows = rows;
    this.#timeoutsNs = timeoutsNs;
    this.#heads = new Int32Array(timeoutsNs.length);
    this.#tails = new Int32Array(timeoutsNs.length);
  }

  /** Puts a new flow at the tail of a queue. */
  add(flow: FlowCursor, queue: number): void {
    const { words, at } = flow;
    const tail = this.#tails[queue]!;
    words[at + queueWord] = queue;
    words[at + previousWord] = tail;
    words[at + nextWord] = 0;
    if (tail === 0) this.#heads[queue] = flow.row + 1;
    else this.#link(tail, nextWord, flow.row + 1);
    this.#tails[queue] = flow.row + 1;
  }

  remove(flow: FlowCursor): void {
    const { words, at } = flow;
    const queue = words[at + queueWord]!;
    const previous = words[at + previousWord]!;
    const next = words[at + nextWord]!;
    if (previous === 0) this.#heads[queue] = next;
    else this.#link(previous, nextWord, next);
    if (next === 0) this.#tails[queue] = previous;
    else this.#link(next, previousWord, previous);
  }

  /** Moves a flow that was seen to the tail of its queue, or of another. */
  touch(flow: FlowCursor, queue: number): void {
    if (flow.words[flow.at + queueWord] === queue && this.#tails[queue] === flow.row + 1) return;
    this.remove(flow);
    this.add(flow, queue);
  }

  /** A flow that is past its timeout at `nowNs`, or -1. */
  expired(nowNs: number): number {
    for (let queue = 0; queue < this.#heads.length; queue++) {
      const head = this.#heads[queue]!;
      if (head !== 0 && this.#lastNs(head) + this.#timeoutsNs[queue]! <= nowNs) return head - 1;
    }
    return -1;
  }

  /** The flow that is idle longest, or -1 when there is none. */
  oldest(): number {
    let oldest = -1;
    let oldestNs = Number.POSITIVE_INFINITY;
    for (const head of this.#heads) {
      if (head === 0 || this.#lastNs(head) >= oldestNs) continue;
      oldest = head - 1;
      oldestNs = this.#lastNs(head);
    }
    return oldest;
  }

  #lastNs(entry: number): number {
    this.#rows.move(this.#other, entry - 1);
    return this.#other.doubles[this.#other.half + lastDouble]!;
  }

  #link(entry: number, word: number, value: number): void {
    this.#rows.move(this.#other, entry - 1);
    this.#other.words[this.#other.at + word] = value;
  }
}
