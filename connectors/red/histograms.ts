/** Base-2 exponential histograms in typed arrays: many of them in one pool, each with at most 160 buckets. */

/** Buckets of one histogram, as the OpenTelemetry SDK's default. */
export const maxBuckets = 160;
/** Where a histogram begins; it becomes coarser when its values do not fit the buckets. */
const finestScale = 20;

/**
 * Histogram `h` has bucket `i` for values in `(base^index, base^(index + 1)]`, index = `offset[h] + i`,
 * base = `2^(2^-scale[h])` (OpenTelemetry metrics data model, exponential histogram).
 */
export class HistogramPool {
  size = 0;
  scale = new Int8Array(8);
  offset = new Int32Array(8);
  /** Buckets in use. */
  length = new Uint8Array(8);
  /** Count, of zeros, sum, smallest, greatest. */
  count = new Float64Array(8);
  zeros = new Float64Array(8);
  sum = new Float64Array(8);
  min = new Float64Array(8);
  max = new Float64Array(8);
  /** Counts of all buckets; those beyond `length` are 0. */
  buckets = new Uint32Array(8 * maxBuckets);

  /** A new, empty histogram. */
  create(): number {
    if (this.size === this.scale.length) this.#grow();
    const h = this.size++;
    this.scale[h] = finestScale;
    this.offset[h] = 0;
    this.length[h] = 0;
    this.count[h] = 0;
    this.zeros[h] = 0;
    this.sum[h] = 0;
    this.min[h] = Number.POSITIVE_INFINITY;
    this.max[h] = Number.NEGATIVE_INFINITY;
    return h;
  }

  /** Forgets all histograms; the memory stays. */
  clear(): void {
    this.buckets.fill(0, 0, this.size * maxBuckets);
    this.size = 0;
  }

  record(h: number, value: number): void {
    this.count[h]! += 1;
    this.sum[h]! += value;
    if (value < this.min[h]!) this.min[h] = value;
    if (value > this.max[h]!) this.max[h] = value;
    if (value > 0) this.#add(h, indexOf(value, this.scale[h]!), 1);
    else this.zeros[h]! += 1;
  }

  /** Adds count, zeros, sum and extremes of another histogram; its buckets come by {@link addBucket}. */
  addTotals(h: number, count: number, zeros: number, sum: number, min: number, max: number): void {
    this.count[h]! += count;
    this.zeros[h]! += zeros;
    this.sum[h]! += sum;
    if (min < this.min[h]!) this.min[h] = min;
    if (max > this.max[h]!) this.max[h] = max;
  }

  /** Adds `count` values of the bucket `index` of a histogram of another scale. */
  addBucket(h: number, scale: number, index: number, count: number): void {
    const finer = this.scale[h]! - scale;
    if (finer > 0) this.#coarsen(h, finer);
    this.#add(h, index >> (scale - this.scale[h]!), count);
  }

  /** Adds all of histogram `from` to `into`. */
  join(from: number, into: number): void {
    for (let i = 0; i < this.length[from]!; i++) {
      const count = this.buckets[from * maxBuckets + i]!;
      if (count > 0) this.addBucket(into, this.scale[from]!, this.offset[from]! + i, count);
    }
    const { count, zeros, sum, min, max } = this;
    this.addTotals(into, count[from]!, zeros[from]!, sum[from]!, min[from]!, max[from]!);
  }

  #add(h: number, index: number, count: number): void {
    const start = h * maxBuckets;
    if (this.length[h] === 0) {
      this.offset[h] = index;
      this.length[h] = 1;
      this.buckets[start] = count;
      return;
    }
    const low = Math.min(this.offset[h]!, index);
    const high = Math.max(this.offset[h]! + this.length[h]! - 1, index);
    if (high - low >= maxBuckets) {
      let shift = 1;
      while ((high >> shift) - (low >> shift) >= maxBuckets) shift++;
      this.#coarsen(h, shift);
      index >>= shift;
    }
    const below = this.offset[h]! - index;
    if (below > 0) {
      this.buckets.copyWithin(start + below, start, start + this.length[h]!);
      this.buckets.fill(0, start, start + below);
      this.offset[h] = index;
      this.length[h]! += below;
    }
    const at = index - this.offset[h]!;
    if (at >= this.length[h]!) this.length[h] = at + 1;
    this.buckets[start + at]! += count;
  }

  /** Joins 2^shift neighbours into one bucket. */
  #coarsen(h: number, shift: number): void {
    const start = h * maxBuckets;
    const offset = this.offset[h]!;
    const first = offset >> shift;
    let last = 0;
    for (let i = 0; i < this.length[h]!; i++) {
      const count = this.buckets[start + i]!;
      this.buckets[start + i] = 0;
      last = ((offset + i) >> shift) - first;
      this.buckets[start + last]! += count;
    }
    this.scale[h]! -= shift;
    this.offset[h] = first;
    if (this.length[h]! > 0) this.length[h] = last + 1;
  }

  #grow(): void {
    const capacity = 2 * this.scale.length;
    this.scale = larger(this.scale, capacity);
    this.offset = larger(this.offset, capacity);
    this.length = larger(this.length, capacity);
    this.count = larger(this.count, capacity);
    this.zeros = larger(this.zeros, capacity);
    this.sum = larger(this.sum, capacity);
    this.min = larger(this.min, capacity);
    this.max = larger(this.max, capacity);
    this.buckets = larger(this.buckets, capacity * maxBuckets);
  }
}

/** The bucket of a value above 0. Log2 is exact for powers of two, so a value on a border falls below it, as it should. */
function indexOf(value: number, scale: number): number {
  if (scale > 0) return Math.ceil(Math.log2(value) * 2 ** scale) - 1;
  return (Math.ceil(Math.log2(value)) - 1) >> -scale;
}

/** A copy with room for `length` elements. */
export function larger<T extends Int8Array | Uint8Array | Int32Array | Uint32Array | Float64Array>(
  array: T,
  length: number,
): T {
  const copy = new (array.constructor as new (length: number) => T)(length);
  copy.set(array);
  return copy;
}
