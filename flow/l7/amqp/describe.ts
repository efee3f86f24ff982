/** An AMQP 0-9-1 call as a span: OpenTelemetry's conventions for messaging and for RabbitMQ. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, isVolatile, messaging, type OperationType } from '../messaging-attributes.ts';

const routingKey = attributeKey('messaging.rabbitmq.destination.routing_key');
const deliveryTag = attributeKey('messaging.rabbitmq.message.delivery_tag');
const amqpMethod = attributeKey('deepflow.amqp.method');
const channel = attributeKey('deepflow.amqp.channel');
const vhost = attributeKey('deepflow.amqp.vhost');
const queue = attributeKey('deepflow.amqp.queue');
const replyCode = attributeKey('deepflow.amqp.reply_code');
const replyTo = attributeKey('deepflow.amqp.reply_to');
const redelivered = attributeKey('deepflow.amqp.redelivered');

const operations: Readonly<Record<string, readonly [string, OperationType]>> = {
  'Basic.Publish': ['publish', 'send'],
  'Basic.Deliver': ['deliver', 'receive'],
  'Basic.Get': ['get', 'receive'],
  'Basic.Return': ['return', 'receive'],
  'Basic.Ack': ['ack', 'settle'],
  'Basic.Nack': ['nack', 'settle'],
  'Basic.Reject': ['reject', 'settle'],
};

export function describeAmqp(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  let [operation, type] = operations[message.method] ?? [message.method, ''];
  // The broker's Ack is a publisher confirm.
  if (type === 'settle' && message.side === 1) [operation, type] = ['confirm', ''];
  const destination = destinationOf(message, response);
  describeOperation(
    span,
    'rabbitmq',
    operation,
    type,
    destination,
    isVolatile(destination) || isReplyQueue(destination),
  );
  span.protocolName = 'amqp';
  span.protocolVersion = '0-9-1';
  span.text(amqpMethod, message.method);
  span.int(channel, Number(message.facts?.get('channel') ?? 0));
  span.text(vhost, (response ?? message).domain || message.domain);
  span.text(messaging.clientId, message.textFact('clientName'));
  const source = message.facts?.has('deliveryTag') || response === null ? message : response;
  span.text(routingKey, source.textFact('routingKey'));
  span.text(queue, message.textFact('queue'));
  span.text(messaging.messageId, source.textFact('messageId'));
  span.text(messaging.conversationId, source.textFact('correlationId'));
  span.text(replyTo, source.textFact('replyTo'));
  const tag = source.facts?.get('deliveryTag');
  if (typeof tag === 'number') span.int(deliveryTag, tag);
  const size = source.facts?.get('bodySize');
  if (typeof size === 'number') span.int(messaging.bodySize, size);
  if (source.facts?.get('redelivered') === true) span.bool(redelivered, true);
  const outcome = response ?? message;
  if (typeof outcome.statusCode === 'number') span.int(replyCode, outcome.statusCode);
  if (outcome.status === 'client_error' || outcome.status === 'server_error')
    span.fail(outcome.result || 'unsupported-version', outcome.error);
}

/** `{exchange}:{routing key}` for what is sent, `…:{queue}` for what is received, leaving out what is empty or the same. */
function destinationOf(message: Message, response: Message | null): string {
  const source = message.method === 'Basic.Get' && response !== null ? response : message;
  const exchange = source.textFact('exchange');
  const key = source.textFact('routingKey');
  const name = message.textFact('queue');
  let destination = exchange;
  if (key !== '') destination = destination === '' ? key : `${destination}:${key}`;
  if (name !== '' && name !== key) destination = destination === '' ? name : `${destination}:${name}`;
  return destination;
}

/** Queues that a server names, and the direct reply queue of RabbitMQ. */
function isReplyQueue(destination: string): boolean {
  return destination.includes('amq.gen-') || destination.includes('amq.rabbitmq.reply-to');
}
