/**
 * Reads the header of a Bolt frame, a list of entries u32 length, key, u32 length, value (a length of ffffffff is a null), and what
 * SOFARPC and SOFATracer put there:
 *
 *   sofa_head_target_service, sofa_head_method_name, sofa_head_target_app     the call
 *   sofa_head_response_error                                                  `true`: the answer is an error
 *   new_rpc_trace_context                       tcid=TRACE&spid=SPAN&pspid=PARENT&sample=true&…
 *   rpc_trace_context.sofaTraceId, .sofaRpcId   the same, as the tracer before it wrote it
 */
import { offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { interned, utf8 } from '../text.ts';

const maxEntries = 256;
const longestValue = 4096;

export function readHeaderMap(
  message: Message,
  bytes: Buffer,
  start: number,
  end: number,
  options: ProtocolOptions,
): void {
  const stop = Math.min(end, bytes.length);
  let at = start;
  let spanId = '';
  for (let count = 0; count < maxEntries; count++) {
    const keyAt = at + 4;
    const keyLength = lengthAt(bytes, at, stop);
    if (keyLength < 0) break;
    const valueAt = keyAt + keyLength + 4;
    const valueLength = lengthAt(bytes, keyAt + keyLength, stop);
    if (valueLength < 0) break;
    at = valueAt + valueLength;
    const key = interned.get(bytes, keyAt, keyAt + keyLength);
    const value = valueLength <= 64 ? interned.get(bytes, valueAt, at) : utf8(bytes, valueAt, at, longestValue);
    if (key === 'rpc_trace_context.sofaRpcId') spanId = value;
    else takeEntry(message, key, value, options);
  }
  if (spanId !== '' && message.trace?.format === 'custom' && message.trace.spanId === '') message.trace.spanId = spanId;
}

/** -1: past the end. A null is as long as nothing. */
function lengthAt(bytes: Buffer, at: number, end: number): number {
  if (at + 4 > end) return -1;
  const length = bytes.readUInt32BE(at);
  if (length === 0xffffffff) return 0;
  return at + 4 + length <= end ? length : -1;
}

function takeEntry(message: Message, key: string, value: string, options: ProtocolOptions): void {
  switch (key) {
    case 'sofa_head_target_service':
      message.resource = value;
      return;
    case 'service':
      if (message.resource === '') message.resource = value;
      return;
    case 'sofa_head_method_name':
      message.method = value;
      return;
    case 'sofa_head_target_app':
      message.fact('targetApp', value);
      return;
    case 'sofa_head_response_error':
      if (value === 'true') message.fact('failed', true);
      return;
    case 'new_rpc_trace_context':
      takeTracer(message, value);
      return;
    case 'rpc_trace_context.sofaTraceId':
      setTrace(message, value, '', null);
      return;
    default:
      offerTraceHeader(message, key, value, options);
  }
}

function takeTracer(message: Message, text: string): void {
  let traceId = '';
  let spanId = '';
  let sampled: boolean | null = null;
  for (const part of text.split('&', 32)) {
    if (part.startsWith('tcid=')) traceId = part.slice(5);
    else if (part.startsWith('spid=')) spanId = part.slice(5);
    else if (part.startsWith('sample=')) sampled = part === 'sample=true';
  }
  setTrace(message, traceId, spanId, sampled);
}

/** A context of a format that everyone knows counts for more. */
function setTrace(message: Message, traceId: string, spanId: string, sampled: boolean | null): void {
  if (traceId === '' || message.trace !== null) return;
  message.trace = { format: 'custom', traceId, spanId, state: '', sampled };
}
