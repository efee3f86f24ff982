/** What the peer tests look for in the store and in the Tempo API. */
import assert from 'node:assert/strict';
import { send } from '../kit/http.ts';
import type { Place } from '../kit/preset.ts';
import { sql } from '../kit/store.ts';
import { until } from '../kit/wait.ts';

/** The endpoint that an SDK is given for a protocol. */
export function endpoint(place: Place, protocol: 'grpc' | 'http/protobuf'): string {
  return `http://127.0.0.1:${protocol === 'grpc' ? place.grpcPort : place.httpPort}`;
}

/** Waits until the query gives at least `count` rows, and returns them. */
export function rowsOf<Row>(place: Place, count: number, query: string): Promise<Row[]> {
  return until(`${count} rows of ${query}`, 30_000, async () => {
    const found = await sql<Row>(place.store, query);
    return found.length >= count && found;
  });
}

/** Asks the Tempo API for a trace and gives the names of its spans, sorted. */
export async function tempoSpanNames(place: Place, traceId: string): Promise<string[]> {
  const reply = await send({
    host: '127.0.0.1',
    port: place.pagePort,
    path: `/api/traces/${traceId}`,
    headers: { accept: 'application/json' },
  });
  assert.equal(reply.status, 200, reply.body.toString());
  interface Group {
    scopeSpans: { spans: { name: string }[] }[];
  }
  const { batches } = JSON.parse(reply.body.toString()) as { batches: Group[] };
  return batches.flatMap((batch) => batch.scopeSpans.flatMap(({ spans }) => spans.map((span) => span.name))).sort();
}
