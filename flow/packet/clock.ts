/** The clock of a capture: nanoseconds as numbers that stay exact, because they count from an epoch of the capture's own. */

/** Splits wall-clock nanoseconds into a fixed epoch and a small remainder. */
export interface CaptureClock {
  /** Unix time of the epoch in nanoseconds; whole seconds. */
  readonly epochUnixNs: bigint;
}

/** A clock whose epoch is `unixSeconds` (whole seconds of Unix time). */
export function createCaptureClock(unixSeconds: number): CaptureClock {
  return { epochUnixNs: BigInt(Math.floor(unixSeconds)) * 1_000_000_000n };
}
