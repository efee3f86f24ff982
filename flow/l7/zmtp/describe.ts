/** A ZeroMQ message or command as a span: OpenTelemetry's conventions for messaging. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, isVolatile, type OperationType } from '../messaging-attributes.ts';

const command = attributeKey('deepflow.zmtp.command');
const mechanism = attributeKey('deepflow.zmtp.mechanism');
const socketType = attributeKey('deepflow.zmtp.socket_type');

/** What a message is, by the socket that sends it. */
const bySocket: Readonly<Record<string, readonly [string, OperationType]>> = {
  PUB: ['publish', 'send'],
  XPUB: ['publish', 'send'],
  PUSH: ['push', 'send'],
  REQ: ['request', ''],
  REP: ['reply', ''],
};

export function describeZmtp(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  let operation = message.method.toLowerCase();
  let type: OperationType = '';
  if (message.method === 'MESSAGE') {
    [operation, type] = bySocket[message.textFact('socketType')] ?? ['send', 'send'];
    if (message.kind === 'request') [operation, type] = ['request', ''];
  }
  describeOperation(span, 'zeromq', operation, type, message.resource, isVolatile(message.resource));
  span.protocolName = 'zmtp';
  span.protocolVersion = message.version;
  span.text(command, message.method);
  span.text(mechanism, message.textFact('mechanism'));
  span.text(socketType, message.textFact('socketType'));
  if (message.status === 'server_error' || message.status === 'client_error') span.fail('ERROR', message.error);
}
