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

/** A span's duration and its client's differ by no more than this, but for few, and in no call by more than the machine can be blamed for. */
const toleranceNs = 1e6;
const punctual = 0.99;
const worstNs = 5e6;
const roundingNs = 2048;

export function compareCalls(
  scenario: Pick<Scenario, 'matches' | 'status'>,
  spans: readonly SeenSpan[],
  calls: readonly ClientCall[],
): CallReport {
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
  if (share < punctual)
    wrong.push(`only ${(share * 100).toFixed(1)} % of the durations are within 1 ms of the client's`);
  const worst = differences.at(-1) ?? 0;
  if (worst > worstNs) wrong.push(`a duration is ${(worst / 1e6).toFixed(1)} ms shorter than the client's`);
  const middle = differences[differences.length >> 1] ?? 0;
  const summary = `${differences.length} of ${calls.length} calls; client − span: median ${(middle / 1000).toFixed(0)} us, max ${(worst / 1000).toFixed(0)} us, ${(share * 100).toFixed(1)} % within 1 ms`;
  return { wrong: wrong.slice(0, 20), summary };
}
