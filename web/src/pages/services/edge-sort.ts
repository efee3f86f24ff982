/** What the edges can be sorted by. */
import type { EdgeRow } from '../../api/types.ts';

const values: Readonly<Record<string, (edge: EdgeRow) => number>> = {
  rate: ({ calls }) => calls?.requests ?? -1,
  errors: (edge) => errorsOf(edge) / Math.max(1, edge.calls?.requests ?? 1),
  p50: ({ calls }) => calls?.p50Ns ?? -1,
  p95: ({ calls }) => calls?.p95Ns ?? -1,
  p99: ({ calls }) => calls?.p99Ns ?? -1,
  bytes: ({ traffic }) => (traffic === null ? -1 : traffic.clientBytes + traffic.serverBytes),
  rtt: ({ traffic }) => (traffic === null || traffic.rtts === 0 ? -1 : traffic.rttP50Ns),
  retransmissions: ({ traffic }) => traffic?.retransmissions ?? -1,
};

/** What the server did not do: a client's mistake, as a 404 is, is none of its errors, as in its spans. */
export function errorsOf({ calls }: EdgeRow): number {
  return calls === null ? 0 : calls.serverErrors + calls.timeouts;
}

/** The greatest first; in the order of the answer, which is by trouble, when `by` is none of the columns. */
export function sortEdges(edges: readonly EdgeRow[], by: string): readonly EdgeRow[] {
  const value = Object.hasOwn(values, by) ? values[by] : undefined;
  return value === undefined ? edges : edges.toSorted((a, b) => value(b) - value(a));
}
