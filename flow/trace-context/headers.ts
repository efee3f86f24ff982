/** Recognises headers, properties and attachments that carry a trace context or a request id, and notes them on the message. */
import type { Message } from '../l7/message.ts';
import type { ProtocolOptions } from '../l7/options.ts';
import type { TraceContext, TraceFormat } from './context.ts';
import * as formats from './formats.ts';
import { NameTable } from './name-table.ts';

/** What carries a trace context by its name alone, in lower case; `options.traceHeaders` adds to them. */
export const knownTraceHeaders: readonly string[] = [
  'traceparent',
  'tracestate',
  'grpc-trace-bin',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-sampled',
  'x-b3-flags',
  'x-b3-parentspanid',
  'sw8',
  'sw6',
  'uber-trace-id',
  'x-amzn-trace-id',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-datadog-tags',
  'x-cloud-trace-context',
  'x-request-id',
];

/** When several are there, the first of this list counts; within one format the first header that is valid. */
const ranks: Record<TraceFormat, number> = {
  traceparent: 0,
  'grpc-trace-bin': 1,
  b3: 2,
  sw8: 3,
  sw6: 4,
  'uber-trace-id': 5,
  'x-amzn-trace-id': 6,
  'x-datadog': 7,
  'x-cloud-trace-context': 8,
  custom: 9,
};

const longestName = 128;
const longestState = 512;
const longestCustom = 256;
const longestRequestId = 256;

/** Parts of a context that came before the part that makes it one. */
interface Held {
  state: string;
  b3Span: string;
  b3Sampled: boolean | null;
  datadogSpan: string;
  datadogSampled: boolean | null;
  datadogHigh: string;
}

const heldParts = new WeakMap<Message, Held>();
const tables = new WeakMap<ProtocolOptions, NameTable>();
const known = new NameTable(knownTraceHeaders);

/**
 * Takes a header when it is one of a trace context, or a request id. `name` in any case. True when it was one, even if its value is not
 * valid and so was not taken.
 */
export function offerTraceHeader(message: Message, name: string, value: string, options: ProtocolOptions): boolean {
  if (name.length === 0 || name.length > longestName) return false;
  const lower = name.toLowerCase();
  if (take(message, lower, value)) return true;
  if (!options.traceHeaders.includes(lower)) return false;
  const id = value.trim().slice(0, longestCustom);
  if (id !== '') offer(message, formats.context('custom', id, '', null));
  return true;
}

/** The known name that these bytes are, in lower case; '' when they are none. For loops over many headers: no string is made. */
export function findTraceHeader(bytes: Uint8Array, start: number, end: number, options: ProtocolOptions): string {
  let table = known;
  if (options.traceHeaders.length > 0) {
    table = tables.get(options) ?? new NameTable([...knownTraceHeaders, ...options.traceHeaders]);
    tables.set(options, table);
  }
  const index = table.find(bytes, start, end);
  return index < 0 ? '' : table.names[index]!;
}

function take(message: Message, name: string, value: string): boolean {
  switch (name) {
    case 'traceparent':
      offer(message, formats.readTraceparent(value));
      return true;
    case 'tracestate':
      takeState(message, value);
      return true;
    case 'grpc-trace-bin':
      offer(message, formats.readGrpcTraceBin(value));
      return true;
    case 'b3':
      offer(message, formats.readB3(value));
      return true;
    case 'x-b3-traceid':
    case 'x-b3-spanid':
    case 'x-b3-sampled':
    case 'x-b3-flags':
      takeB3Part(message, name, value.trim());
      return true;
    case 'x-b3-parentspanid':
      return true;
    case 'sw8':
    case 'sw6':
      offer(message, formats.readSkyWalking(name, value));
      return true;
    case 'uber-trace-id':
      offer(message, formats.readJaeger(value));
      return true;
    case 'x-amzn-trace-id':
      offer(message, formats.readAmazon(value));
      return true;
    case 'x-datadog-trace-id':
    case 'x-datadog-parent-id':
    case 'x-datadog-sampling-priority':
    case 'x-datadog-tags':
      takeDatadogPart(message, name, value.trim());
      return true;
    case 'x-cloud-trace-context':
      offer(message, formats.readGoogle(value));
      return true;
    case 'x-request-id':
      if (message.requestId === '') message.requestId = value.trim().slice(0, longestRequestId);
      return true;
    default:
      return false;
  }
}

/** Notes the context unless a better one is there; adds what came of it before. */
function offer(message: Message, found: TraceContext | null): void {
  if (found === null) return;
  const present = message.trace;
  if (present !== null && present.traceId !== '' && ranks[present.format] <= ranks[found.format]) return;
  const held = heldParts.get(message);
  if (held !== undefined) {
    if (found.format === 'traceparent') found.state = held.state;
    else if (found.format === 'b3') {
      if (found.spanId === '') found.spanId = held.b3Span;
      found.sampled ??= held.b3Sampled;
    } else if (found.format === 'x-datadog') {
      found.spanId = held.datadogSpan;
      found.sampled = held.datadogSampled;
      if (held.datadogHigh !== '') found.traceId = formats.datadogWithHigh(found.traceId, held.datadogHigh);
    }
  }
  message.trace = found;
}

function hold(message: Message): Held {
  let held = heldParts.get(message);
  if (held === undefined) {
    held = { state: '', b3Span: '', b3Sampled: null, datadogSpan: '', datadogSampled: null, datadogHigh: '' };
    heldParts.set(message, held);
  }
  return held;
}

/** Several tracestate headers are one list (W3C Trace Context §3.3.1). */
function takeState(message: Message, value: string): void {
  const target = message.trace?.format === 'traceparent' ? message.trace : hold(message);
  const joined = target.state === '' ? value.trim() : `${target.state},${value.trim()}`;
  if (joined.length <= longestState) target.state = joined;
}

function takeB3Part(message: Message, name: string, value: string): void {
  const present = message.trace?.format === 'b3' ? message.trace : null;
  switch (name) {
    case 'x-b3-traceid':
      if (formats.isB3TraceId(value)) offer(message, formats.context('b3', value, '', null));
      return;
    case 'x-b3-spanid':
      if (!formats.isSpanId(value)) return;
      if (present === null) hold(message).b3Span = value;
      else if (present.spanId === '') present.spanId = value;
      return;
    default: {
      // Flags 1 is debug, which implies sampled.
      if (name === 'x-b3-flags' && value !== '1') return;
      const sampled = value === '1' || value === 'true' || value === 'd';
      if (present === null) hold(message).b3Sampled = sampled;
      else present.sampled ??= sampled;
    }
  }
}

function takeDatadogPart(message: Message, name: string, value: string): void {
  const present = message.trace?.format === 'x-datadog' ? message.trace : null;
  switch (name) {
    case 'x-datadog-trace-id':
      if (formats.isDecimal64(value)) offer(message, formats.context('x-datadog', value, '', null));
      return;
    case 'x-datadog-parent-id':
      if (!formats.isDecimal64(value)) return;
      if (present === null) hold(message).datadogSpan = value;
      else present.spanId = value;
      return;
    case 'x-datadog-sampling-priority': {
      const sampled = Number(value) > 0;
      if (present === null) hold(message).datadogSampled = sampled;
      else present.sampled = sampled;
      return;
    }
    default: {
      const high = formats.readDatadogHigh(value);
      if (high === '') return;
      if (present === null) hold(message).datadogHigh = high;
      else present.traceId = formats.datadogWithHigh(present.traceId, high);
    }
  }
}
