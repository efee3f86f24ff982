/** Turns the kernel's monotonic time into the capture's time, and follows the wall clock when it is set. */
import { type CaptureClock, createCaptureClock } from '../../flow/packet/clock.ts';

/** The wall clock counts milliseconds here: its next one is waited for, and believed when nothing came in between. */
const wantedExact = 5;
const exactNs = 2_000n;
/** On a machine that is busy something mostly comes in between. */
const maxTries = 20;
const longestWaitNs = 3_000_000n;
const restMs = 60_000;

export interface Clocks {
  /** Monotonic (CLOCK_MONOTONIC, as `process.hrtime`) and wall nanoseconds of one moment. */
  now(): { monotonicNs: bigint; wallNs: bigint };
}

/** Both clocks when the wall clock went on by one, and how long ago that may have been at most. */
export interface Look {
  monotonicNs: bigint;
  wallNs: bigint;
  errorNs: bigint;
}

export const systemClocks: Clocks = { now: () => readClocks(watchTick) };

/**
 * Looks until enough of them are exact, or takes the best. Some are a tenth of a millisecond off although nothing came in between (clocks of two
 * processors of a virtual machine): of the exact ones the middle is taken.
 */
export function readClocks(look: () => Look): Look {
  const exact: Look[] = [];
  let best: Look | undefined;
  for (let tries = 0; tries < maxTries && exact.length < wantedExact; tries++) {
    const next = look();
    if (next.errorNs <= exactNs) exact.push(next);
    if (best === undefined || next.errorNs < best.errorNs) best = next;
  }
  if (exact.length === 0) return best!;
  exact.sort((a, b) => Number(a.wallNs - a.monotonicNs - (b.wallNs - b.monotonicNs)));
  return exact[exact.length >> 1]!;
}

/** Takes up to a millisecond. */
function watchTick(): Look {
  // Before the wall clock: a pause between the two must count as an error.
  let monotonicNs = process.hrtime.bigint();
  let beforeNs = monotonicNs;
  const startMs = Date.now();
  let wallMs = startMs;
  const endNs = monotonicNs + longestWaitNs;
  while (wallMs === startMs && monotonicNs < endNs) {
    beforeNs = monotonicNs;
    wallMs = Date.now();
    monotonicNs = process.hrtime.bigint();
  }
  return { monotonicNs, wallNs: BigInt(wallMs) * 1_000_000n, errorNs: monotonicNs - beforeNs };
}

export class MonotonicTime {
  readonly clock: CaptureClock;
  readonly #clocks: Clocks;
  /** To be added to monotonic time. */
  #offsetNs = 0;
  #nextMs = 0;

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks;
    this.clock = createCaptureClock(Number(clocks.now().wallNs / 1_000_000_000n) - 1);
    this.refresh(0);
  }

  /** Looks at the clocks again when it is time to. */
  refresh(nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + restMs;
    const { monotonicNs, wallNs } = this.#clocks.now();
    this.#offsetNs = Number(wallNs - this.clock.epochUnixNs - monotonicNs);
  }

  /** Nanoseconds after the capture's epoch. */
  of(monotonicNs: number): number {
    return monotonicNs + this.#offsetNs;
  }

  now(): number {
    return this.of(Number(process.hrtime.bigint()));
  }
}
