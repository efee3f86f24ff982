/** The ids of a trace context in OTLP's size: 128 bits for a trace, 64 for a span, as unsigned 32-bit words from the most significant. */
import type { TraceContext } from './context.ts';
import { decimalWords, hashWords, hexWord } from './words.ts';

/**
 * Hex ids as they are, shorter ones with zeros before them (B3's 64-bit ids, Jaeger's); X-Ray's without `1-` and `-`; Datadog's decimals as
 * numbers, after the upper half when it is known. All else (SkyWalking, names of one's own) is hashed: the same text
 * gives the same id everywhere, so the spans of a trace still meet; the text itself is an attribute of the span.
 */
export function traceIdWords(context: TraceContext): number[] {
  const { format, traceId } = context;
  switch (format) {
    case 'x-datadog':
      if (traceId.length === 32) return hexWords(traceId, 4);
      return [0, 0, ...decimalWords(traceId)];
    case 'x-amzn-trace-id':
      return hexWords(traceId.slice(2, 10) + traceId.slice(11), 4);
    case 'traceparent':
    case 'grpc-trace-bin':
    case 'b3':
    case 'uber-trace-id':
    case 'x-cloud-trace-context':
      return hexWords(traceId, 4);
    case 'sw8':
    case 'sw6':
      return hashWords(traceId, 4);
    case 'custom': {
      // A UUID is 128 bits already.
      const digits = traceId.length === 36 ? traceId.replaceAll('-', '') : traceId;
      return digits.length === 32 && /^[0-9a-f]+$/i.test(digits) && !/^0+$/.test(digits)
        ? hexWords(digits, 4)
        : hashWords(traceId, 4);
    }
    default:
      return format satisfies never;
  }
}

/** The same for the span id; SkyWalking's `segment-span` is hashed. */
export function spanIdWords(context: TraceContext): number[] {
  const { format, spanId } = context;
  switch (format) {
    case 'x-datadog':
    case 'x-cloud-trace-context':
      return decimalWords(spanId);
    case 'traceparent':
    case 'grpc-trace-bin':
    case 'b3':
    case 'uber-trace-id':
    case 'x-amzn-trace-id':
      return hexWords(spanId, 2);
    case 'sw8':
    case 'sw6':
    case 'custom':
      return hashWords(spanId, 2);
    default:
      return format satisfies never;
  }
}

function hexWords(text: string, words: number): number[] {
  const digits = text.padStart(words * 8, '0');
  const out: number[] = [];
  for (let word = 0; word < words; word++) out.push(hexWord(digits, word * 8));
  return out;
}
