/** Writes what a process's system calls told of a call: thread, goroutine and the ids that link what was read to what was written. */
import type { Evidence } from '../l7/evidence.ts';
import { attributeKey } from '../otlp/attribute-writer.ts';
import type { SpanWriter } from '../otlp/span-writer.ts';

const keys = {
  threadId: attributeKey('thread.id'),
  responseThreadId: attributeKey('deepflow.response.thread_id'),
  requestTraceId: attributeKey('deepflow.request.syscall_trace_id'),
  responseTraceId: attributeKey('deepflow.response.syscall_trace_id'),
  goroutineId: attributeKey('deepflow.goroutine.id'),
  parentGoroutineId: attributeKey('deepflow.goroutine.parent_id'),
  responseGoroutineId: attributeKey('deepflow.response.goroutine_id'),
  coroutineId: attributeKey('deepflow.coroutine.id'),
  parentCoroutineId: attributeKey('deepflow.coroutine.parent_id'),
  responseCoroutineId: attributeKey('deepflow.response.coroutine_id'),
};

/** Of a request and its answer; either may have none. The answer's thread, goroutine and coroutine are written where they are others. */
export function writeEvidence(span: SpanWriter, request: Evidence | null, response: Evidence | null): void {
  const first = request ?? response;
  if (first === null) return;
  span.int(keys.threadId, first.threadId);
  if (first.goroutineId > 0) span.int(keys.goroutineId, first.goroutineId);
  if (first.coroutineId > 0) span.int(keys.coroutineId, first.coroutineId);
  if (first.parentGoroutineId > 0)
    span.int(first.coroutineId > 0 ? keys.parentCoroutineId : keys.parentGoroutineId, first.parentGoroutineId);
  if (request !== null && request.syscallTraceId > 0) span.int(keys.requestTraceId, request.syscallTraceId);
  if (response === null) return;
  if (response.syscallTraceId > 0) span.int(keys.responseTraceId, response.syscallTraceId);
  if (response.threadId !== first.threadId) span.int(keys.responseThreadId, response.threadId);
  if (response.goroutineId > 0 && response.goroutineId !== first.goroutineId)
    span.int(keys.responseGoroutineId, response.goroutineId);
  if (response.coroutineId > 0 && response.coroutineId !== first.coroutineId)
    span.int(keys.responseCoroutineId, response.coroutineId);
}
