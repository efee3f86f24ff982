/** The books of one family of metrics: its series, its open windows, and the event time that closes them. */
import type { Clock } from '../../component/clock.ts';
import type { RedFamily } from '../../pdata/schema/red-metrics.ts';
import { type SeriesLimits, SeriesTable } from './series-table.ts';
import { Timeline } from './timeline.ts';
import type { Window } from './window.ts';

export interface AccountingOptions {
  family: RedFamily;
  intervalsSeconds: readonly number[];
  latenessSeconds: number;
  limits: SeriesLimits;
  clock: Clock;
  /** Unix time, ms. */
  unixMs: () => number;
  /** Told each complete window before its memory is used again. */
  onClosed: (window: Window, series: SeriesTable, intervalSeconds: number) => void;
}

/**
 * Windows close by event time: by the newest event seen, going on with the clock while nothing comes. So a capture file
 * of last year fills last year's windows, at whatever speed it is read; data older than what is open counts as late and
 * goes into the oldest open window.
 */
export class Accounting {
  readonly series: SeriesTable;
  readonly timelines: readonly Timeline[];
  /** Items that were counted, and items that are none of our business. */
  counted = 0;
  ignored = 0;
  /** Items dated later than now: they count as of now. */
  early = 0;
  /** The second that the item at hand counts in; set by {@link timelinesAt}. */
  seconds = 0;
  readonly #latenessSeconds: number;
  readonly #clock: Clock;
  readonly #unixMs: () => number;
  /** Newest event time minus the clock, s: tells event time from the clock's. */
  #ahead = Number.NEGATIVE_INFINITY;
  #clockSeconds = 0;
  #latestSeconds = 0;
  readonly #maxSeries: number;
  /** By timeline, the places of which processes told in the window that was closed last. */
  readonly #before = new Map<Timeline, { startSeconds: number; places: Uint8Array | undefined }>();
  /** A window was closed since unused series were last forgotten. */
  #hasClosed = false;

  constructor(options: AccountingOptions) {
    const { family, intervalsSeconds, latenessSeconds, limits, clock, unixMs, onClosed } = options;
    this.series = new SeriesTable(family, limits);
    this.#latenessSeconds = latenessSeconds;
    this.#maxSeries = limits.maxSeries;
    this.#clock = clock;
    this.#unixMs = unixMs;
    this.timelines = intervalsSeconds.map(
      (seconds) =>
        new Timeline(family, seconds, latenessSeconds, (window, timeline, next) => {
          this.#settle(window, timeline, next);
          onClosed(window, this.series, timeline.intervalSeconds);
          this.#hasClosed = true;
          timeline.release(window);
        }),
    );
    this.beginBatch();
  }

  /** Looks at the clock, once for all items of a batch. */
  beginBatch(): void {
    this.#clockSeconds = this.#clock.nowMs() / 1000;
    this.#latestSeconds = Math.floor(this.#unixMs() / 1000) + this.#latenessSeconds;
  }

  /** The timelines in which an item of that second counts, at {@link seconds}. */
  timelinesAt(seconds: number): readonly Timeline[] {
    if (seconds > this.#latestSeconds) {
      this.early++;
      seconds = this.#latestSeconds - this.#latenessSeconds;
    }
    this.seconds = seconds;
    const ahead = seconds - this.#clockSeconds;
    if (ahead > this.#ahead) this.#ahead = ahead;
    return this.timelines;
  }

  /** Closes what is complete by now; call it after batches and by a timer. */
  advance(): void {
    const nowSeconds = this.#clock.nowMs() / 1000 + this.#ahead;
    for (const timeline of this.timelines) timeline.advance(nowSeconds);
    // In time, so that no series is turned away for one that is not used any more.
    if (this.#hasClosed && 2 * this.series.keys.size > this.#maxSeries) this.#forgetUnused();
  }

  finish(): void {
    for (const timeline of this.timelines) timeline.finish();
  }

  get late(): number {
    return this.timelines.reduce((sum, timeline) => sum + timeline.late, 0);
  }

  /** Windows of a timeline are closed in order; so the one before is the last that was closed, if it was next to this. */
  #settle(window: Window, timeline: Timeline, next: Window | undefined): void {
    const { sightings } = this.series;
    const before = this.#before.get(timeline);
    const isBeside = before?.startSeconds === window.startSeconds - timeline.intervalSeconds;
    const places = sightings.placesOf(window);
    sightings.settle(window, [
      isBeside ? before.places : undefined,
      places,
      next === undefined ? undefined : sightings.placesOf(next),
    ]);
    this.#before.set(timeline, { startSeconds: window.startSeconds, places });
  }

  #forgetUnused(): void {
    const used = new Uint8Array(this.series.keys.size);
    for (const timeline of this.timelines) {
      for (const window of timeline.open()) {
        for (let place = 0; place < window.size; place++) used[window.seriesAt[place]!] = 1;
      }
    }
    const renumbered = this.series.keepOnly(used);
    this.#hasClosed = false;
    // Places have new numbers.
    this.#before.clear();
    for (const timeline of this.timelines) for (const window of timeline.open()) window.renumber(renumbered);
  }
}
