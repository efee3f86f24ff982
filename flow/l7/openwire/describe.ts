/** An OpenWire command as a span: OpenTelemetry's conventions for messaging. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, isVolatile, messaging, type OperationType } from '../messaging-attributes.ts';

const command = attributeKey('deepflow.openwire.command');
const commandId = attributeKey('deepflow.openwire.command_id');
const connectionId = attributeKey('deepflow.openwire.connection_id');
const brokerUrl = attributeKey('deepflow.openwire.broker_url');
const replyTo = attributeKey('deepflow.openwire.reply_to');

const operations: Readonly<Record<string, readonly [string, OperationType]>> = {
  MessageDispatch: ['deliver', 'receive'],
  MessagePull: ['pull', 'receive'],
  MessageAck: ['ack', 'settle'],
};

export function describeOpenWire(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  const [operation, type] =
    operations[message.method] ??
    (/^ActiveMQ.*Message$/.test(message.method) ? ['send', 'send'] : [message.method, '']);
  const temporary = message.facts?.get('temporary') === true;
  const isAdvisory = message.resource.includes(',');
  const destination = message.resource;
  describeOperation(span, 'activemq', operation, type, destination, temporary || isAdvisory || isVolatile(destination));
  if (temporary) span.bool(messaging.destinationTemporary, true);
  span.protocolName = 'openwire';
  span.protocolVersion = message.version;
  span.text(command, message.method);
  const id = message.facts?.get('requestId');
  if (typeof id === 'number') span.int(commandId, id);
  span.text(connectionId, message.textFact('connectionId'));
  span.text(messaging.clientId, message.textFact('clientId'));
  span.text(messaging.subscriptionName, message.textFact('subscription'));
  span.text(messaging.messageId, message.textFact('messageId'));
  span.text(messaging.conversationId, message.textFact('jmsCorrelationId'));
  span.text(replyTo, message.textFact('replyTo'));
  const size = message.facts?.get('contentLength');
  if (typeof size === 'number') span.int(messaging.bodySize, size);
  const count = message.facts?.get('messageCount');
  if (typeof count === 'number' && count > 1) span.int(messaging.batchCount, count);
  span.text(brokerUrl, message.domain);
  const outcome = response ?? message;
  if (outcome.status === 'server_error' || outcome.status === 'client_error')
    span.fail(outcome.result || '_OTHER', outcome.error);
}
