/** A waterfall's data as columns with a dictionary: a 10,000-span trace is parsed in a few milliseconds. */
import { maxSpans, type SpanOutline } from './read.ts';

export interface OutlineColumns {
  traceId: string;
  /** Start of the earliest span, nanoseconds as text. */
  startNs: string;
  /** What `service` and `name` are indexes into. */
  strings: string[];
  spanId: string[];
  parentSpanId: string[];
  service: number[];
  name: number[];
  /** Nanoseconds after `startNs`. */
  offsetNs: number[];
  durationNs: number[];
  status: number[];
  kind: number[];
  events: number[];
  truncated: boolean;
}

/** `spans` are ordered by start. */
export function outlineColumns(traceId: string, spans: readonly SpanOutline[]): OutlineColumns {
  const start = BigInt(spans[0]?.startNs ?? '0');
  const kept = spans.slice(0, maxSpans);
  const strings: string[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (text: string): number => {
    let index = indexes.get(text);
    if (index === undefined) {
      index = strings.push(text) - 1;
      indexes.set(text, index);
    }
    return index;
  };
  return {
    traceId,
    startNs: String(start),
    strings,
    spanId: kept.map((span) => span.spanId),
    parentSpanId: kept.map((span) => span.parentSpanId),
    service: kept.map((span) => indexOf(span.service)),
    name: kept.map((span) => indexOf(span.name)),
    offsetNs: kept.map((span) => Number(BigInt(span.startNs) - start)),
    durationNs: kept.map((span) => Number(span.durationNs)),
    status: kept.map((span) => span.status),
    kind: kept.map((span) => span.kind),
    events: kept.map((span) => span.events),
    truncated: spans.length > maxSpans,
  };
}
