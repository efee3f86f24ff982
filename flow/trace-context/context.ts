/** A trace context found in a message: the ids as the wire has them, and in which format. */

export type TraceFormat =
  | 'traceparent'
  | 'grpc-trace-bin'
  | 'b3'
  | 'sw8'
  | 'sw6'
  | 'uber-trace-id'
  | 'x-amzn-trace-id'
  | 'x-datadog'
  | 'x-cloud-trace-context'
  | 'custom';

export interface TraceContext {
  format: TraceFormat;
  /** As the format writes them, base64 undone: W3C hex, SkyWalking's `trace id` and `segment-span`, Datadog's decimals. */
  traceId: string;
  spanId: string;
  /** W3C tracestate as it came; empty when there is none. */
  state: string;
  /** Whether the sender recorded the trace, when the format says so. */
  sampled: boolean | null;
}
