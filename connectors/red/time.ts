/** Whole seconds and differences of OTLP's 64-bit nanoseconds, which come as two words and do not fit a number. */

/** Seconds since 1970, rounded down, exactly: 2^48 ns are 281474 s and 976710656 ns, 2^32 ns are 4 s and 294967296 ns. */
export function secondsOf(lo: number, hi: number): number {
  const high = hi >>> 16;
  const low = hi & 0xffff;
  return high * 281_474 + low * 4 + Math.floor((high * 976_710_656 + low * 294_967_296 + lo) / 1e9);
}

/** The last second that an interval reaches into which ends at that time: a minute's record belongs to that minute. */
export function lastSecondBefore(lo: number, hi: number): number {
  if (lo > 0) return secondsOf(lo - 1, hi);
  return hi > 0 ? secondsOf(0xffff_ffff, hi - 1) : 0;
}

/** `b - a` in nanoseconds. */
export function differenceNs(aLo: number, aHi: number, bLo: number, bHi: number): number {
  return (bHi - aHi) * 0x1_0000_0000 + (bLo - aLo);
}
