/** A trace by its id, as Tempo answers: protobuf when asked for it, otherwise its JSON with base64 ids. */
import { jsonToWire } from '../../pdata/otlp/json.ts';
import { type Answer, json, type RouteRequest } from '../route.ts';
import { resourceSpans } from '../traces/otlp.ts';
import { readTrace } from '../traces/read.ts';
import type { SpanRow } from '../traces/span-row.ts';
import { parseTraceId } from '../traces/trace-id.ts';

const protobuf = 'application/protobuf';

/** `tempopb.Trace`, or `{"batches": […]}`. */
export async function traceById(request: RouteRequest): Promise<Answer> {
  const rows = await read(request);
  if (wantsProtobuf(request)) return { kind: 'bytes', contentType: protobuf, body: traceMessage(rows) };
  return json({ batches: resourceSpans(rows, 'base64') });
}

/** `tempopb.TraceByIDResponse`, or `{"trace": {"resourceSpans": […]}}`. */
export async function traceByIdV2(request: RouteRequest): Promise<Answer> {
  const rows = await read(request);
  if (wantsProtobuf(request)) {
    return { kind: 'bytes', contentType: protobuf, body: field1(traceMessage(rows)) };
  }
  return json({ trace: { resourceSpans: resourceSpans(rows, 'base64') }, metrics: {} });
}

function read({ store, path, signal }: RouteRequest): Promise<SpanRow[]> {
  return readTrace(store, parseTraceId(path.id!), signal);
}

function wantsProtobuf({ accept }: RouteRequest): boolean {
  return accept.includes(protobuf) || accept.includes('application/x-protobuf');
}

/** `tempopb.Trace { repeated ResourceSpans = 1 }` has the bytes of an ExportTraceServiceRequest. */
function traceMessage(rows: readonly SpanRow[]): Uint8Array {
  return jsonToWire('traces', Buffer.from(JSON.stringify({ resourceSpans: resourceSpans(rows) })));
}

/** A message whose field 1 is the given message: tag 0x0a, length as varint, bytes. */
function field1(message: Uint8Array): Uint8Array {
  const head = [0x0a];
  let length = message.length;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 0x80);
  head.push(length);
  return Buffer.concat([Uint8Array.from(head), message]);
}
