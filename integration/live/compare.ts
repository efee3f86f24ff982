/** Holds the spans against what the clients say they did. */
import type { ClientCall } from './client.ts';
import type { Scenario } from './scenarios.ts';
import type { SeenSpan } from './spans.ts';

export interface CallReport {
  /** What is wrong, one line each; empty when all is well. */
  wrong: string[];
  /** How far the durations are apart. */
  summary: string;
}

/** A span and its client may differ by this much, and by rounding of doubles more. */
const toleranceNs = 1e6;
const roundingNs = 2048;
/**
 * The client's clock also counts the time its thread waited for a processor, which no packet shows: of so many calls the
 * difference has to be small, of all of them the span has to lie inside.
 */
const punctual = 0.9;
/** Half of the calls differ by less than this, even by a clock that counts more than the call. */
const middleNs = 5e6;

export function compareCalls(scenario: Scenario, spans: readonly SeenSpan[], calls: readonly ClientCall[]): CallReport {
  const wrong: string[] = [];
  const differences: number[] = [];
  for (const call of calls) {
    const label = `${call.method} ${call.target}`;
    const same = spans.filter((span) => scenario.matches(span, call));
    if (same.length !== 1) {
      wrong.push(`${label}: ${same.length} spans`);
      continue;
    }
    const [span] = same;
    const status = scenario.status(span!);
    if (status !== call.status) wrong.push(`${label}: status ${status}, the client got ${call.status}`);
    if (span!.attributes['deepflow.call.outcome'] !== 'answered')
      wrong.push(`${label}: outcome ${String(span!.attributes['deepflow.call.outcome'])}`);
    if (span!.startNs < call.start - roundingNs || span!.endNs > call.end + roundingNs)
      wrong.push(`${label}: the span is not within the client's call`);
    differences.push(call.end - call.start - (span!.endNs - span!.startNs));
  }
  differences.sort((a, b) => a - b);
  const close = differences.filter((difference) => Math.abs(difference) <= toleranceNs).length;
  const share = close / Math.max(1, differences.length);
  if (scenario.looseClock !== true && share < punctual)
    wrong.push(`only ${(share * 100).toFixed(0)} % of the durations are within 1 ms of the client's`);
  const middle = differences[differences.length >> 1] ?? 0;
  if (Math.abs(middle) >= middleNs)
    wrong.push(`half of the durations differ by ${(middle / 1e6).toFixed(1)} ms or more`);
  const summary = `${differences.length} of ${calls.length} calls; client − span: median ${(middle / 1000).toFixed(0)} us, max ${((differences.at(-1) ?? 0) / 1000).toFixed(0)} us, ${(share * 100).toFixed(1)} % within 1 ms`;
  return { wrong: wrong.slice(0, 20), summary };
}
