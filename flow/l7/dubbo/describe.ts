/** A Dubbo call as a span (OpenTelemetry semantic conventions, Dubbo). */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeCall, describeStatus } from '../rpc-attributes.ts';
import { statusNames } from './codes.ts';

const keys = {
  serialization: attributeKey('deepflow.dubbo.serialization'),
  serviceVersion: attributeKey('deepflow.dubbo.service_version'),
  group: attributeKey('deepflow.dubbo.group'),
  application: attributeKey('deepflow.dubbo.remote_application'),
  genericMethod: attributeKey('deepflow.dubbo.generic_method'),
} as const;

export function describeDubbo(span: SpanWriter, request: Message | null, response: Message | null): void {
  describeCall(span, 'dubbo', 'Dubbo', request);
  if (request !== null) {
    span.protocolVersion = request.version;
    span.text(keys.serviceVersion, request.textFact('serviceVersion'));
    span.text(keys.group, request.textFact('group'));
    span.text(keys.application, request.textFact('remote.application'));
    span.text(keys.genericMethod, request.textFact('genericMethod'));
  }
  span.text(keys.serialization, (request ?? response)!.textFact('serialization'));
  if (response === null) return;
  const code = Number(response.statusCode);
  describeStatus(span, response, statusNames[code] ?? String(code));
  // The service threw: the answer itself is OK, and says so.
  const exception = response.textFact('exception');
  if (exception !== '') span.fail(exception, response.error);
}
