/** OTLP JSON to OTLP protobuf and back: what receivers, exporters and stores call. */
import { roots } from '../schema/otlp.ts';
import { messagePlan } from './json-plan.ts';
import { readJson } from './json-read.ts';
import { writeJson } from './json-write.ts';

export type JsonSignal = keyof typeof roots;

/**
 * An OTLP JSON request as the protobuf message that means the same; owns its bytes. Its framing is valid, so that only
 * `Batch.fromWire` is left to call. Throws {@link MalformedOtlp} with the path of the field, as in
 * `resourceSpans[0].scopeSpans[1].spans[3].traceId: 32 hex digits are expected, not 31, at byte 812`.
 */
export function jsonToWire(signal: JsonSignal, body: Uint8Array): Uint8Array {
  return jsonToBytes(roots[signal].request, body);
}

/** A checked OTLP protobuf request as JSON text. */
export function wireToJson(signal: JsonSignal, message: Uint8Array): string {
  return bytesToJson(roots[signal].request, message);
}

/** As {@link jsonToWire}, for any message of the OTLP table. */
export function jsonToBytes(message: string, body: Uint8Array): Uint8Array {
  return readJson(messagePlan(message), body);
}

/** As {@link wireToJson}, for any message of the OTLP table. */
export function bytesToJson(message: string, bytes: Uint8Array): string {
  return writeJson(messagePlan(message), bytes);
}
