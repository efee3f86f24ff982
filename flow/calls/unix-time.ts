/** Turns a capture's nanoseconds back into Unix time as two 32-bit words, without BigInt per call. */
import type { CaptureClock } from '../packet/clock.ts';

const word = 2 ** 32;

export class UnixTime {
  lo = 0;
  hi = 0;
  readonly #epochLo: number;
  readonly #epochHi: number;

  constructor(clock: CaptureClock) {
    this.#epochLo = Number(clock.epochUnixNs & 0xffff_ffffn);
    this.#epochHi = Number(clock.epochUnixNs >> 32n);
  }

  /** Sets `lo` and `hi` to the Unix nanoseconds of `timeNs`, which may be negative. */
  set(timeNs: number): void {
    const whole = Math.round(timeNs);
    const high = Math.floor(whole / word);
    const lo = this.#epochLo + (whole - high * word);
    this.lo = lo % word;
    this.hi = this.#epochHi + high + (lo >= word ? 1 : 0);
  }
}
