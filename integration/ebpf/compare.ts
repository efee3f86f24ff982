/** Holds spans against what clients and services say they did: each call once at each side, by the right process, as it was. */
import type { SeenSpan } from '../live/spans.ts';
import { isWithin, type SpanIndex, statusOf, text, wrongTarget } from './matching.ts';
import type { TrueCall } from './truth.ts';

/** Where a call may be seen, and by which processes. */
export interface Side {
  point: 'c-p' | 's-p';
  pids: ReadonlySet<number>;
}

export interface Comparison {
  calls: number;
  /** What is wrong, one line each. */
  wrong: string[];
  /** Of calls over TLS, for each side that was seen: how many were on the connection they were made on. */
  tls: { right: number; all: number };
  /** Client's duration less the span's, at the client's side, in ns, ascending. */
  differences: number[];
}

export function createComparison(): Comparison {
  return { calls: 0, wrong: [], tls: { right: 0, all: 0 }, differences: [] };
}

export function compareCall(into: Comparison, spans: SpanIndex, call: TrueCall, sides: readonly Side[]): void {
  into.calls++;
  const found = spans.find(call);
  for (const { point, pids } of sides) {
    const here = found.filter((span) => text(span, 'deepflow.observation_point') === point);
    const label = `${point} ${call.protocol} ${call.method} ${call.target}`;
    const [span] = here;
    if (here.length !== 1 || span === undefined) {
      into.wrong.push(`${label}: ${here.length} spans`);
      continue;
    }
    for (const mistake of mistakesOf(span, call, pids)) into.wrong.push(`${label}: ${mistake}`);
    if (call.tls) {
      into.tls.all++;
      if (Number(text(span, 'client.port')) === call.localPort) into.tls.right++;
    }
    if (point === 'c-p') into.differences.push(call.end - call.start - (span.endNs - span.startNs));
  }
}

function mistakesOf(span: SeenSpan, call: TrueCall, pids: ReadonlySet<number>): string[] {
  const mistakes: string[] = [];
  const pid = Number(span.resource['process.pid']);
  if (!pids.has(pid)) mistakes.push(`process ${pid} instead of ${[...pids].join(' or ')}`);
  const target = wrongTarget(span, call);
  if (target !== '') mistakes.push(target);
  const status = statusOf(span, call);
  if (status !== call.status) mistakes.push(`status ${status} instead of ${call.status}`);
  const port = Number(text(span, 'client.port'));
  if (!call.tls && call.localPort !== 0 && port !== call.localPort)
    mistakes.push(`client's port ${port} instead of ${call.localPort}`);
  if (!isWithin(span, call)) {
    const [early, late] = [call.start - span.startNs, span.endNs - call.end].map((ns) => (ns / 1000).toFixed(0));
    mistakes.push(`not within the time of the call: begins ${early} us before it, ends ${late} us after it`);
  }
  return mistakes;
}

/** Share of the durations that are within 1 ms of the client's, and a line about them all. */
export function judgeDurations({ differences }: Comparison): { share: number; summary: string } {
  const sorted = differences.toSorted((a, b) => a - b);
  const share = sorted.filter((difference) => Math.abs(difference) <= 1e6).length / Math.max(1, sorted.length);
  const us = (at: number) => `${((sorted[Math.floor(at * (sorted.length - 1))] ?? 0) / 1000).toFixed(0)} us`;
  return {
    share,
    summary: `client − span: median ${us(0.5)}, p99 ${us(0.99)}; ${(share * 100).toFixed(1)} % within 1 ms`,
  };
}
