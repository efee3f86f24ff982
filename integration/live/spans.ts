/** The spans that the collector exported, taken apart by a decoder that is not ours. */
import { decode, type Plain } from '../kit/schema.ts';
import type { Sink } from '../kit/sink.ts';

export interface SeenSpan {
  service: string;
  name: string;
  kind: number;
  failed: boolean;
  /** Unix nanoseconds as doubles: good to 256 ns. */
  startNs: number;
  endNs: number;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  traceId: string;
}

interface KeyValue {
  key: string;
  value?: Plain;
}

/** All spans that have come so far. */
export function seenSpans(sink: Sink): SeenSpan[] {
  return readSpans(sink.bodies('traces'));
}

/** Gives the spans that have come since the last time it was asked. */
export function createSpanReader(sink: Sink): () => SeenSpan[] {
  let read = 0;
  return () => {
    const bodies = sink.bodies('traces').slice(read);
    read += bodies.length;
    return readSpans(bodies);
  };
}

function readSpans(bodies: readonly Uint8Array[]): SeenSpan[] {
  const spans: SeenSpan[] = [];
  for (const body of bodies) {
    const request = decode('traces', body) as { resource_spans?: Plain[] };
    for (const group of request.resource_spans ?? []) {
      const resource = attributes((group.resource as Plain | undefined)?.attributes);
      for (const scope of (group.scope_spans ?? []) as Plain[])
        for (const span of (scope.spans ?? []) as Plain[]) spans.push(read(span, resource));
    }
  }
  return spans;
}

function read(span: Plain, resource: Record<string, unknown>): SeenSpan {
  return {
    service: String(resource['service.name']),
    resource,
    name: String(span.name ?? ''),
    kind: Number(span.kind ?? 0),
    failed: Number((span.status as Plain | undefined)?.code ?? 0) === 2,
    startNs: Number(span.start_time_unix_nano),
    endNs: Number(span.end_time_unix_nano),
    attributes: attributes(span.attributes),
    traceId: Buffer.from(String(span.trace_id), 'base64').toString('hex'),
  };
}

function attributes(list: unknown): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { key, value } of (list ?? []) as KeyValue[]) found[key] = Object.values(value ?? {})[0];
  return found;
}
