/**
 * Reads the value of each trace context header.
 *
 *   traceparent            version "-" trace id (32 hex) "-" parent id (16 hex) "-" flags (2 hex)          W3C Trace Context level 2, §3.2
 *   grpc-trace-bin         base64 of: 0, then fields 0 = trace id (16 bytes), 1 = span id (8), 2 = options (1)    OpenCensus binary encoding
 *   b3                     trace id "-" span id ["-" sampled ["-" parent span id]]; or sampled alone               openzipkin/b3-propagation
 *   sw8, sw6               sample "-" trace id (b64) "-" segment id (b64) "-" span number "-" …                    SkyWalking cross process propagation
 *   uber-trace-id          trace id ":" span id ":" parent ":" flags, hex without leading zeros, perhaps URL-encoded        Jaeger propagation
 *   X-Amzn-Trace-Id        Root=1-time (8 hex)-id (24 hex);Parent=span id (16 hex);Sampled=0|1                     AWS X-Ray tracing header
 *   x-datadog-tags         key=value, comma-separated; _dd.p.tid: the upper 64 bits of the trace id in hex
 *   x-cloud-trace-context  trace id (32 hex) ["/" span id (decimal)] [";o=" options]                               Google Cloud Trace
 */
import type { TraceContext, TraceFormat } from './context.ts';
import { decimalWords, wordsHex } from './words.ts';

/** Longest value that is looked at; SkyWalking's carries names and is the longest. */
const longestValue = 2048;

export function context(format: TraceFormat, traceId: string, spanId: string, sampled: boolean | null): TraceContext {
  return { format, traceId, spanId, state: '', sampled };
}

/** Null when it is not valid: a participant would begin a new trace then, and so it is for the observer. */
export function readTraceparent(value: string): TraceContext | null {
  const text = value.trim();
  if (text.length < 55 || !isLowerHex(text, 0, 2) || text.startsWith('ff')) return null;
  if (text[2] !== '-' || text[35] !== '-' || text[52] !== '-') return null;
  if (!isLowerHex(text, 3, 35) || !isLowerHex(text, 36, 52) || !isLowerHex(text, 53, 55)) return null;
  // Version 00 ends here; later versions may add fields.
  if (text.length > 55 && (text.startsWith('00') || text[55] !== '-')) return null;
  const traceId = text.slice(3, 35);
  const spanId = text.slice(36, 52);
  if (isZeros(traceId) || isZeros(spanId)) return null;
  return context('traceparent', traceId, spanId, (hexDigit(text.charCodeAt(54)) & 1) === 1);
}

/** The value is base64 with or without padding, as gRPC sends `-bin` metadata. */
export function readGrpcTraceBin(value: string): TraceContext | null {
  if (value.length < 20 || value.length > 128) return null;
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length < 18 || bytes[0] !== 0) return null;
  let traceId = '';
  let spanId = '';
  let sampled: boolean | null = null;
  for (let at = 1; at < bytes.length; ) {
    const field = bytes[at]!;
    const size = field === 0 ? 16 : field === 1 ? 8 : field === 2 ? 1 : 0;
    // An unknown field ends what can be read.
    if (size === 0 || at + 1 + size > bytes.length) break;
    if (field === 0) traceId = bytes.toString('hex', at + 1, at + 17);
    else if (field === 1) spanId = bytes.toString('hex', at + 1, at + 9);
    else sampled = (bytes[at + 1]! & 1) === 1;
    at += 1 + size;
  }
  return traceId === '' || isZeros(traceId) ? null : context('grpc-trace-bin', traceId, spanId, sampled);
}

/** Null also for `0`, `1` and `d`: a decision without a trace. */
export function readB3(value: string): TraceContext | null {
  if (value.length > 128) return null;
  const [traceId, spanId, sampled] = value.trim().split('-', 3);
  if (!isB3TraceId(traceId!) || spanId === undefined || !isSpanId(spanId)) return null;
  return context('b3', traceId!, spanId, sampled === undefined ? null : sampled === '1' || sampled === 'd');
}

/** The span id is `segment-span`, for a SkyWalking span has no id of its own. */
export function readSkyWalking(format: 'sw8' | 'sw6', value: string): TraceContext | null {
  if (value.length > longestValue) return null;
  const [sample, trace, segment, span] = value.trim().split('-', 4);
  if (trace === undefined || segment === undefined || span === undefined) return null;
  if ((sample !== '0' && sample !== '1') || !isDecimal(span)) return null;
  const traceId = skyWalkingText(trace);
  const segmentId = skyWalkingText(segment);
  if (traceId === '' || segmentId === '') return null;
  return context(format, traceId, `${segmentId}-${span}`, sample === '1');
}

export function readJaeger(value: string): TraceContext | null {
  if (value.length > 128) return null;
  const text = value.trim().replaceAll('%3A', ':').replaceAll('%3a', ':');
  const [traceId, spanId, , flags] = text.split(':', 4);
  if (flags === undefined || !isHexUpTo(traceId!, 32) || !isHexUpTo(spanId!, 16)) return null;
  if (isZeros(traceId!) || !isHexUpTo(flags, 2)) return null;
  return context('uber-trace-id', traceId!, isZeros(spanId!) ? '' : spanId!, (parseInt(flags, 16) & 1) === 1);
}

/** The trace id stays as AWS writes it, `1-time-id`; `Self`, which a load balancer adds, is not the caller's. */
export function readAmazon(value: string): TraceContext | null {
  if (value.length > 512) return null;
  let traceId = '';
  let spanId = '';
  let sampled: boolean | null = null;
  for (const part of value.split(';', 16)) {
    const field = part.trim();
    if (field.startsWith('Root=')) traceId = field.slice(5);
    else if (field.startsWith('Parent=')) spanId = field.slice(7);
    else if (field.startsWith('Sampled=')) sampled = field[8] === '1' ? true : field[8] === '0' ? false : null;
  }
  if (traceId.length !== 35 || !traceId.startsWith('1-') || traceId[10] !== '-') return null;
  if (!isHex(traceId, 2, 10) || !isHex(traceId, 11, 35)) return null;
  return context('x-amzn-trace-id', traceId, isSpanId(spanId) ? spanId : '', sampled);
}

export function readGoogle(value: string): TraceContext | null {
  if (value.length > 128) return null;
  const text = value.trim();
  if (!isHex(text, 0, 32) || isZeros(text.slice(0, 32))) return null;
  const options = text.indexOf(';');
  const ids = options < 0 ? text : text.slice(0, options);
  if (ids.length > 32 && ids[32] !== '/') return null;
  const span = ids.slice(33);
  const sampled =
    options < 0 ? null : text.startsWith('o=', options + 1) ? (Number(text[options + 3]) & 1) === 1 : null;
  return context('x-cloud-trace-context', text.slice(0, 32), isDecimal64(span) ? span : '', sampled);
}

/** The upper half of a 128-bit id, 16 hex digits; '' when the tags do not have it. */
export function readDatadogHigh(tags: string): string {
  if (tags.length > 1024) return '';
  const at = tags.indexOf('_dd.p.tid=');
  if (at < 0 || (at > 0 && tags[at - 1] !== ',')) return '';
  const high = tags.slice(at + 10, at + 26);
  const after = tags[at + 26];
  return isSpanId(high) && (after === undefined || after === ',') ? high : '';
}

/** A 128-bit id as Datadog itself shows it: 32 hex digits. */
export function datadogWithHigh(traceId: string, high: string): string {
  if (traceId.length === 32) return traceId;
  const [upper, lower] = decimalWords(traceId);
  return high.toLowerCase() + wordsHex(upper, lower);
}

export function isB3TraceId(text: string): boolean {
  return (text.length === 32 || text.length === 16) && isHex(text, 0, text.length) && !isZeros(text);
}

/** 16 hex digits that are not all zero. */
export function isSpanId(text: string): boolean {
  return text.length === 16 && isHex(text, 0, 16) && !isZeros(text);
}

/** An unsigned 64-bit number in decimal, not 0. */
export function isDecimal64(text: string): boolean {
  return text.length <= 20 && isDecimal(text) && !isZeros(text);
}

function isDecimal(text: string): boolean {
  if (text.length === 0 || text.length > 20) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

function skyWalkingText(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f) return '';
  }
  return text;
}

function isZeros(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== 0x30) return false;
  return true;
}

function isHexUpTo(text: string, max: number): boolean {
  return text.length > 0 && text.length <= max && isHex(text, 0, text.length);
}

function isHex(text: string, start: number, end: number): boolean {
  if (text.length < end) return false;
  for (let at = start; at < end; at++) if (hexDigit(text.charCodeAt(at)) < 0) return false;
  return true;
}

function isLowerHex(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || (code > 0x39 && code < 0x61) || code > 0x66) return false;
  }
  return true;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
