/**
 * The trace context of Tars itself, in the status entry `STATUS_TRACE_KEY`: `flags-trace|span|parent`, as in
 * `f.2-ee824ad0eb4dacf56b29d230a229c584|030019ac000010796162bc5900000021|030019ac000010796162bc5900000021`.
 */
import type { Message } from '../message.ts';

const longest = 512;

export function readTarsTrace(message: Message, value: string): void {
  if (message.trace !== null || value.length > longest) return;
  const [head, spanId] = value.split('|', 3);
  if (head === undefined || spanId === undefined) return;
  // Without flags the key begins with the trace id.
  const dash = head.indexOf('-');
  const traceId = head.slice(dash + 1);
  if (traceId !== '') message.trace = { format: 'custom', traceId, spanId, state: '', sampled: null };
}
