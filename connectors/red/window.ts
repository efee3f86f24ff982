/** What happened in one window of time: counters and histograms of each series that had something. */
import type { RedFamily } from '../../pdata/schema/red-metrics.ts';
import { HistogramPool, larger } from './histograms.ts';

/** Series take a place in order of their first use. Typed arrays grow by doubling and are used again after {@link clear}. */
export class Window {
  /** Start, seconds since 1970. */
  startSeconds = 0;
  /** Places taken. */
  size = 0;
  /** Series at each place. */
  seriesAt = new Uint32Array(64);
  /** `place * counters + counter`. */
  counters: Float64Array;
  readonly histograms = new HistogramPool();
  /** `place * histograms + histogram`: its number in the pool + 1; 0 none. */
  histogramAt: Uint32Array;
  /** 1 at places that are not written: see {@link leaveOut} and {@link join}. */
  isLeftOut = new Uint8Array(64);
  readonly #counterCount: number;
  readonly #histogramCount: number;
  /** Place + 1 of each series; 0 none. */
  #placeOf = new Uint32Array(256);

  constructor(family: RedFamily) {
    this.#counterCount = family.counters.length;
    this.#histogramCount = family.histograms.length;
    this.counters = new Float64Array(64 * this.#counterCount);
    this.histogramAt = new Uint32Array(64 * this.#histogramCount);
  }

  placeOf(series: number): number {
    if (series >= this.#placeOf.length) this.#placeOf = larger(this.#placeOf, 2 * series);
    const place = this.#placeOf[series]! - 1;
    return place >= 0 ? place : this.#take(series);
  }

  add(place: number, counter: number, value: number): void {
    this.counters[place * this.#counterCount + counter]! += value;
  }

  /** Number in the pool of one of a place's histograms. */
  histogram(place: number, histogram: number): number {
    const at = place * this.#histogramCount + histogram;
    if (this.histogramAt[at] === 0) this.histogramAt[at] = this.histograms.create() + 1;
    return this.histogramAt[at]! - 1;
  }

  /** What is at that place is not written. */
  leaveOut(place: number): void {
    this.isLeftOut[place] = 1;
  }

  /** Adds what is at place `from` to what is at `into`, and leaves it out. */
  join(from: number, into: number): void {
    for (let counter = 0; counter < this.#counterCount; counter++) {
      this.add(into, counter, this.counters[from * this.#counterCount + counter]!);
    }
    for (let histogram = 0; histogram < this.#histogramCount; histogram++) {
      const number = this.histogramAt[from * this.#histogramCount + histogram]!;
      if (number !== 0) this.histograms.join(number - 1, this.histogram(into, histogram));
    }
    this.leaveOut(from);
  }

  /** Series got new numbers: `renumbered[old]` is the new one. */
  renumber(renumbered: Uint32Array): void {
    this.#placeOf.fill(0);
    for (let place = 0; place < this.size; place++) {
      const series = renumbered[this.seriesAt[place]!]!;
      this.seriesAt[place] = series;
      this.#placeOf[series] = place + 1;
    }
  }

  clear(): void {
    for (let place = 0; place < this.size; place++) this.#placeOf[this.seriesAt[place]!] = 0;
    this.counters.fill(0, 0, this.size * this.#counterCount);
    this.histogramAt.fill(0, 0, this.size * this.#histogramCount);
    this.isLeftOut.fill(0, 0, this.size);
    this.histograms.clear();
    this.size = 0;
  }

  #take(series: number): number {
    if (this.size === this.seriesAt.length) {
      const capacity = 2 * this.size;
      this.seriesAt = larger(this.seriesAt, capacity);
      this.isLeftOut = larger(this.isLeftOut, capacity);
      this.counters = larger(this.counters, capacity * this.#counterCount);
      this.histogramAt = larger(this.histogramAt, capacity * this.#histogramCount);
    }
    const place = this.size++;
    this.seriesAt[place] = series;
    this.#placeOf[series] = place + 1;
    return place;
  }
}
