/** Base-2 exponential histogram of delays, as OTLP has it: buckets of seconds, few and growing with what is seen. */

/** Buckets 9 % wide, until they are too many. */
const firstScale = 3;
const maxBuckets = 160;

/** The bucket of a delay at a scale: (base^index, base^(index+1)], base = 2^(2^-scale). */
export function bucketOf(delayNs: number, scale = firstScale): number {
  return Math.ceil(Math.log2(delayNs * 1e-9) * 2 ** scale) - 1;
}

export class DelayHistogram {
  scale = firstScale;
  /** Index of the first bucket. */
  offset = 0;
  /** Buckets in use. */
  length = 0;
  counts = new Uint32Array(16);

  clear(): void {
    this.scale = firstScale;
    this.counts.fill(0, 0, this.length);
    this.length = 0;
  }

  /** Counts a delay > 0. */
  add(delayNs: number): void {
    let index = bucketOf(delayNs, this.scale);
    if (this.length === 0) {
      this.offset = index;
      this.length = 1;
      this.counts[0] = 1;
      return;
    }
    while (Math.max(index, this.offset + this.length - 1) - Math.min(index, this.offset) >= maxBuckets) {
      this.#halve();
      index = bucketOf(delayNs, this.scale);
    }
    if (index < this.offset) this.#widen(this.offset - index);
    if (index >= this.offset + this.length) {
      this.#reserve(index - this.offset + 1);
      this.length = index - this.offset + 1;
    }
    this.counts[index - this.offset]!++;
  }

  /** Joins buckets two by two: half the scale's resolution. */
  #halve(): void {
    const { counts, length, offset } = this;
    const newOffset = offset >> 1;
    for (let index = 0; index < length; index++) {
      const count = counts[index]!;
      counts[index] = 0;
      counts[((offset + index) >> 1) - newOffset]! += count;
    }
    this.length = ((offset + length - 1) >> 1) - newOffset + 1;
    this.offset = newOffset;
    this.scale--;
  }

  #widen(by: number): void {
    this.#reserve(this.length + by);
    this.counts.copyWithin(by, 0, this.length);
    this.counts.fill(0, 0, by);
    this.length += by;
    this.offset -= by;
  }

  #reserve(length: number): void {
    if (length <= this.counts.length) return;
    const grown = new Uint32Array(Math.max(length, this.counts.length * 2));
    grown.set(this.counts);
    this.counts = grown;
  }
}
