/** Sequence numbers of one side that were seen below its highest range: what tells a repeat from a late arrival. */

/** Ranges kept for one side, the highest one included; beyond that the lowest gap counts as seen. */
const maxRanges = 16;

/** A later sequence number minus an earlier one, right across the wrap of 2^32. */
export function after(a: number, b: number): number {
  return (a - b) | 0;
}

/** Disjoint ranges in rising order; the highest range of the side lives in the flow's row and is not among them. */
export class SeenRanges {
  readonly #low: number[] = [];
  readonly #high: number[] = [];

  get count(): number {
    return this.#low.length;
  }

  /** The range that was highest, when one above it begins. */
  push(low: number, high: number): void {
    this.#low.push(low);
    this.#high.push(high);
    if (this.#low.length >= maxRanges) {
      this.#low.splice(1, 1);
      this.#high.splice(0, 1);
    }
  }

  /** The highest of these ranges goes back into the row: the gap between them is filled. */
  pop(): { low: number; high: number } | null {
    const low = this.#low.pop();
    const high = this.#high.pop();
    return low === undefined || high === undefined ? null : { low, high };
  }

  /** End of the highest of these ranges. */
  get top(): number {
    return this.#high[this.#high.length - 1]!;
  }

  /** True when `low` lies in one of these ranges; else the range is added and joined with those it meets. */
  seenOrAdd(low: number, high: number): boolean {
    let index = this.#low.length;
    while (index > 0 && after(this.#low[index - 1]!, low) > 0) index--;
    if (index > 0 && after(low, this.#high[index - 1]!) < 0) return true;
    this.#add(index, low, high);
    return false;
  }

  #add(index: number, low: number, high: number): void {
    const lows = this.#low;
    const highs = this.#high;
    let first = index;
    let newLow = low;
    let newHigh = high;
    if (first > 0 && highs[first - 1] === low) newLow = lows[--first]!;
    let end = index;
    while (end < lows.length && after(lows[end]!, newHigh) <= 0) {
      if (after(highs[end]!, newHigh) > 0) newHigh = highs[end]!;
      end++;
    }
    lows.splice(first, end - first, newLow);
    highs.splice(first, end - first, newHigh);
    if (lows.length >= maxRanges) {
      lows.splice(1, 1);
      highs.splice(0, 1);
    }
  }
}
