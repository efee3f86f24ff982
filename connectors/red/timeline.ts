/** The open windows of one interval: which of them an event belongs to, and which are complete. */
import type { RedFamily } from '../../pdata/schema/red-metrics.ts';
import { Window } from './window.ts';

/** Windows open at once, whatever a batch holds: memory for a file that is read in no order. */
const maxOpen = 120;
/** Windows kept to be used again. */
const maxFree = 8;

/**
 * Windows are aligned to multiples of the interval since 1970 and stay open until `latenessSeconds` after their end:
 *
 *     … closed │ oldest │ … │ newest │
 *              └ late events go here
 *
 * They are closed by {@link advance}, between batches, so that the order of the items of a batch does not matter.
 */
export class Timeline {
  readonly intervalSeconds: number;
  /** Events that came after their window was closed. */
  late = 0;
  readonly #family: RedFamily;
  readonly #latenessSeconds: number;
  /** Windows below that number are closed. */
  #closedBelow = 0;
  /** Open windows that have something, by number: start divided by the interval. */
  readonly #open = new Map<number, Window>();
  readonly #free: Window[] = [];
  /** Told each complete window, in order, and the one after it when that has something. */
  readonly #onClosed: (window: Window, next: Window | undefined) => void;
  /** The window used last: the next event is nearly always in it. */
  #last: Window | undefined;
  #lastNumber = -1;

  constructor(
    family: RedFamily,
    intervalSeconds: number,
    latenessSeconds: number,
    onClosed: (window: Window, timeline: Timeline, next: Window | undefined) => void,
  ) {
    this.#family = family;
    this.intervalSeconds = intervalSeconds;
    this.#latenessSeconds = latenessSeconds;
    this.#onClosed = (window, next) => onClosed(window, this, next);
  }

  /** The window for an event of that second. */
  windowFor(seconds: number): Window {
    let number = Math.floor(seconds / this.intervalSeconds);
    if (number < this.#closedBelow) {
      this.late++;
      number = this.#closedBelow;
    }
    if (this.#last !== undefined && number === this.#lastNumber) return this.#last;
    let window = this.#open.get(number);
    if (window === undefined) {
      if (this.#open.size >= maxOpen) this.#closeOldest();
      if (number < this.#closedBelow) return this.windowFor(seconds);
      window = this.#free.pop() ?? new Window(this.#family);
      window.startSeconds = number * this.intervalSeconds;
      this.#open.set(number, window);
    }
    this.#last = window;
    this.#lastNumber = number;
    return window;
  }

  /** Closes the windows that ended `latenessSeconds` before `nowSeconds`. */
  advance(nowSeconds: number): void {
    this.#closeBelow(Math.floor((nowSeconds - this.#latenessSeconds) / this.intervalSeconds));
  }

  /** Closes all windows. */
  finish(): void {
    this.#closeBelow(Math.max(this.#closedBelow, ...this.#open.keys()) + 1);
  }

  /** Gives back a closed window whose content is of no use any more. */
  release(window: Window): void {
    window.clear();
    if (this.#free.length < maxFree) this.#free.push(window);
  }

  open(): Iterable<Window> {
    return this.#open.values();
  }

  #closeOldest(): void {
    this.#closeBelow(Math.min(...this.#open.keys()) + 1);
  }

  #closeBelow(number: number): void {
    if (!(number > this.#closedBelow)) return;
    this.#closedBelow = number;
    const complete = [...this.#open.keys()].filter((one) => one < number).sort((a, b) => a - b);
    if (complete.length > 0) this.#last = undefined;
    for (const one of complete) {
      const window = this.#open.get(one)!;
      this.#open.delete(one);
      this.#onClosed(window, this.#open.get(one + 1));
    }
  }
}
