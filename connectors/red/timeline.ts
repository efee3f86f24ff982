/** The open windows of one interval: which of them an event belongs to, and which are complete. */
import type { RedFamily } from '../../pdata/schema/red-metrics.ts';
import { Window } from './window.ts';

/**
 * Windows are aligned to multiples of the interval since 1970 and stay open until `latenessSeconds` after their end:
 *
 *     … closed │ oldest │ … │ newest │
 *              └ late events go here
 */
export class Timeline {
  readonly intervalSeconds: number;
  /** Events that came after their window was closed. */
  late = 0;
  readonly #family: RedFamily;
  readonly #latenessSeconds: number;
  /** Number of the oldest open window; -1 before the first event. */
  #oldest = -1;
  /** Open windows that have something, by number modulo the length. */
  readonly #ring: (Window | undefined)[];
  readonly #free: Window[] = [];
  readonly #onClosed: (window: Window) => void;

  constructor(
    family: RedFamily,
    intervalSeconds: number,
    latenessSeconds: number,
    onClosed: (window: Window, timeline: Timeline) => void,
  ) {
    this.#family = family;
    this.intervalSeconds = intervalSeconds;
    this.#latenessSeconds = latenessSeconds;
    this.#ring = new Array(Math.ceil(latenessSeconds / intervalSeconds) + 2).fill(undefined);
    this.#onClosed = (window) => onClosed(window, this);
  }

  /** The window for an event of that second. An event ahead of all open windows closes the oldest ones. */
  windowFor(seconds: number): Window {
    let number = Math.floor(seconds / this.intervalSeconds);
    if (this.#oldest < 0) this.#oldest = Math.max(0, number - this.#ring.length + 2);
    if (number < this.#oldest) {
      this.late++;
      number = this.#oldest;
    }
    this.#closeBefore(number - this.#ring.length + 1);
    const at = number % this.#ring.length;
    let window = this.#ring[at];
    if (window === undefined) {
      window = this.#free.pop() ?? new Window(this.#family);
      window.startSeconds = number * this.intervalSeconds;
      this.#ring[at] = window;
    }
    return window;
  }

  /** Closes the windows that ended `latenessSeconds` before `nowSeconds`. */
  advance(nowSeconds: number): void {
    if (this.#oldest < 0) return;
    this.#closeBefore(Math.floor((nowSeconds - this.#latenessSeconds) / this.intervalSeconds));
  }

  /** Closes all windows. */
  finish(): void {
    if (this.#oldest >= 0) this.#closeBefore(this.#oldest + this.#ring.length);
  }

  /** Gives back a closed window whose content is of no use any more. */
  release(window: Window): void {
    window.clear();
    if (this.#free.length < this.#ring.length) this.#free.push(window);
  }

  *open(): Generator<Window> {
    for (const window of this.#ring) if (window !== undefined) yield window;
  }

  #closeBefore(number: number): void {
    const steps = Math.min(number - this.#oldest, this.#ring.length);
    for (let step = 0; step < steps; step++) {
      const at = (this.#oldest + step) % this.#ring.length;
      const window = this.#ring[at];
      if (window === undefined) continue;
      this.#ring[at] = undefined;
      this.#onClosed(window);
    }
    if (number > this.#oldest) this.#oldest = number;
  }
}
