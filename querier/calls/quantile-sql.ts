/** SQL over the histograms of the metric tables: buckets are added up by their upper bound, whatever scale each row has. */

/** An aggregate: upper bounds in seconds, rising, and counts; zeros lie in a bucket that ends at 0. */
export function mergedBuckets(histogram: string): string {
  return `sumMap(arrayPushFront(${histogram}_bounds, toFloat64(0)), arrayPushFront(${histogram}_buckets, ${histogram}_zeros))`;
}

/** Nanoseconds of a quantile of what {@link mergedBuckets} gave: the upper bound of the bucket it falls in; 0 for none. */
export function quantileNs(merged: string, quantile: number): string {
  return `1e9 * arrayFirst((bound, n) -> n >= ${quantile} * arraySum(${merged}.2) AND n > 0, ${merged}.1, arrayCumSum(${merged}.2))`;
}
