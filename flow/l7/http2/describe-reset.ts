/** Tells that a stream of HTTP/2 was reset. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';

const resetCode = attributeKey('deepflow.http2.reset');

/** A reset is a failure, unless the caller itself did not want the answer any more. */
export function describeReset(span: SpanWriter, request: Message | null, response: Message | null): void {
  const reset = response?.textFact('reset') || request?.textFact('reset') || '';
  if (reset === '') return;
  span.text(resetCode, reset);
  if (reset !== 'CANCEL' && !span.failed) span.fail(reset, 'the stream was reset');
}
