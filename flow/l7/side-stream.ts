/** Where one side's stream is, and the bytes of it that wait for the rest of their message. */
import type { Input } from './input.ts';
import type { WindowPool } from './window-pool.ts';

export class SideStream {
  /** Bytes not read yet, in a buffer of its own, and when the first of them came. */
  rest: Buffer | null = null;
  restLength = 0;
  restNs = 0;
  /** Arrival, frame and sequence number of what came last of them, for when no more comes. */
  lastNs = 0;
  lastFrame = 0;
  restSeq = 0;
  /** Bytes that pass unseen. */
  skip = 0;
  /** Position in the stream of the next byte to arrive. */
  offset = 0;
  /** Looking for the beginning of a message: at the beginning of each piece of data. */
  searching = false;

  readonly #windows: WindowPool;

  constructor(windows: WindowPool) {
    this.#windows = windows;
  }

  /** Adds bytes to those that wait. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.restLength + end - start;
    if (this.rest === null || this.rest.length < needed) {
      const grown = this.#windows.take(needed);
      if (this.rest !== null) {
        this.rest.copy(grown, 0, 0, this.restLength);
        this.#windows.give(this.rest);
      }
      this.rest = grown;
    }
    this.rest.set(bytes.subarray(start, end), this.restLength);
    this.restLength = needed;
  }

  /** Keeps the unread bytes of the window for the next data. */
  keep(input: Input): void {
    const length = input.end - input.start;
    if (length === 0 || input.transport !== 'tcp') {
      this.forget();
      return;
    }
    if (input.bytes === this.rest) {
      if (input.start > 0) this.rest.copyWithin(0, input.start, input.end);
      this.restLength = length;
    } else {
      this.restLength = 0;
      this.append(input.bytes, input.start, input.end);
    }
    this.restNs = input.startNs;
    this.lastNs = input.timeNs;
    this.lastFrame = input.frame;
    this.restSeq = input.seq;
  }

  forget(): void {
    if (this.rest !== null) this.#windows.give(this.rest);
    this.rest = null;
    this.restLength = 0;
  }
}
