/** A call of Example as a span: names of the OpenTelemetry semantic conventions where there are some, `deepflow.example.*` for the rest. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeCall, describeStatus } from '../rpc-attributes.ts';

const bodySize = attributeKey('deepflow.example.body_size');

export function describeExample(span: SpanWriter, request: Message | null, response: Message | null): void {
  describeCall(span, 'example', 'Example', request);
  if (request !== null) span.int(bodySize, request.length);
  if (response !== null) describeStatus(span, response, String(response.statusCode));
}
