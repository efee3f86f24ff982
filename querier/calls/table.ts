/** Which of the metric tables answers for a time range. */
import type { TimeRange } from '../request.ts';
import type { Params } from '../store/params.ts';

const hourMs = 3_600_000;
/** Seconds are kept for a day; up to so much of them is read for one answer. */
const mostOfSecondsMs = 2 * hourMs;

/** `1s` for short ranges of the last day, else `1m`: a minute is there a minute later than its seconds. */
export function resolutionFor({ fromNs, toNs }: TimeRange, nowMs: number): '1s' | '1m' {
  const fromMs = Number(fromNs / 1_000_000n);
  const isShort = Number((toNs - fromNs) / 1_000_000n) <= mostOfSecondsMs;
  return isShort && fromMs > nowMs - 23 * hourMs ? '1s' : '1m';
}

/** SQL: windows that begin within the range. */
export function windowsBetween({ fromNs, toNs }: TimeRange, params: Params): string {
  const second = (ns: bigint) => params.add('UInt32', Number(ns / 1_000_000_000n));
  return `time >= toDateTime(${second(fromNs)}) AND time < toDateTime(${second(toNs + 999_999_999n)})`;
}
