/** Joins calls of one process by the evidence on their spans, and holds the result against what the service itself says. */
import type { SeenSpan } from '../live/spans.ts';
import { isWithin, type SpanIndex, text } from './matching.ts';
import type { TrueRequest } from './truth.ts';

/** Pairs of a request that came in and a call that went out. */
export interface Score {
  /** Pairs that belong together and are both seen. */
  true: number;
  found: number;
  /** Of those found, which belong together. */
  right: number;
  /** Requests, or calls for them, of which no span was seen. */
  unseen: number;
}

export type Join = (inbound: SeenSpan, outbound: SeenSpan) => boolean;

const during = (inbound: SeenSpan, outbound: SeenSpan): boolean =>
  isWithin(outbound, { start: inbound.startNs, end: inbound.endNs });

const same = (one: SeenSpan, other: SeenSpan, key: string, otherKey = key): boolean =>
  text(one, key) !== '' && text(one, key) === text(other, otherKey);

/**
 * What a thread read and then wrote has one id, and so have an answer that it read and what it wrote next: a request that came in, the calls
 * made for it one after the other, and its answer are a chain.
 */
export function joinByThread(spans: readonly SeenSpan[]): Join {
  const parents = new Map<string, string>();
  const rootOf = (id: string): string => {
    let root = id;
    for (let above = parents.get(root); above !== undefined && above !== root; above = parents.get(root)) root = above;
    return root;
  };
  for (const span of spans) {
    const request = text(span, 'deepflow.request.syscall_trace_id');
    const response = text(span, 'deepflow.response.syscall_trace_id');
    if (request !== '' && response !== '') parents.set(rootOf(response), rootOf(request));
  }
  const chainOf = (span: SeenSpan): string => rootOf(text(span, 'deepflow.request.syscall_trace_id'));
  return (inbound, outbound) => chainOf(inbound) !== '' && chainOf(inbound) === chainOf(outbound);
}

/** The goroutine that answers a request makes its calls, or starts the goroutine that does. */
export const joinByGoroutine: Join = (inbound, outbound) =>
  during(inbound, outbound) &&
  (same(inbound, outbound, 'deepflow.goroutine.id') ||
    same(inbound, outbound, 'deepflow.goroutine.id', 'deepflow.goroutine.parent_id') ||
    same(inbound, outbound, 'deepflow.response.goroutine_id', 'deepflow.goroutine.id'));

/** An event loop reads in its own name; the task that writes the answer makes the calls, or starts the tasks that do. */
export const joinByCoroutine: Join = (inbound, outbound) => {
  const answered = text(inbound, 'deepflow.response.coroutine_id') || text(inbound, 'deepflow.coroutine.id');
  const asked = ['deepflow.coroutine.id', 'deepflow.coroutine.parent_id'].map((key) => text(outbound, key));
  return during(inbound, outbound) && answered !== '' && asked.includes(answered);
};

/** Spans of one process; `truth` is of the same. Calls whose protocol is in `without` are left out. */
export function score(
  truth: readonly TrueRequest[],
  index: SpanIndex,
  join: Join,
  without: readonly string[] = [],
): Score {
  const total: Score = { true: 0, found: 0, right: 0, unseen: 0 };
  const inbounds: { span: SeenSpan; calls: Set<SeenSpan> }[] = [];
  const outbounds: SeenSpan[] = [];
  for (const request of truth) {
    const wanted = request.calls.filter(({ protocol }) => !without.includes(protocol));
    const span = index.findRequest(request);
    const calls = new Set<SeenSpan>();
    for (const call of wanted) {
      const seen = index.find(call).find((each) => text(each, 'deepflow.observation_point') === 'c-p');
      if (seen === undefined) total.unseen++;
      else calls.add(seen);
    }
    outbounds.push(...calls);
    if (span === undefined) total.unseen++;
    else {
      inbounds.push({ span, calls });
      total.true += calls.size;
    }
  }
  // Only what overlaps in time can be joined: sorted, so that not all pairs are looked at.
  outbounds.sort((a, b) => a.startNs - b.startNs);
  for (const { span, calls } of inbounds) {
    for (let at = firstAfter(outbounds, span.startNs - marginNs); at < outbounds.length; at++) {
      const outbound = outbounds[at]!;
      if (outbound.startNs > span.endNs + marginNs) break;
      if (!join(span, outbound)) continue;
      total.found++;
      if (calls.has(outbound)) total.right++;
    }
  }
  return total;
}

/** A pair that is further apart than this would be wrong, and is looked for all the same. */
const marginNs = 50e6;

function firstAfter(spans: readonly SeenSpan[], timeNs: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.startNs < timeNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const precisionOf = ({ right, found }: Score): number => (found === 0 ? 1 : right / found);
export const recallOf = ({ right, true: all }: Score): number => (all === 0 ? 0 : right / all);
