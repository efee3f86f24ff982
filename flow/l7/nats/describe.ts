/** A NATS message as a span: OpenTelemetry's conventions for messaging. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, isVolatile, messaging, type OperationType } from '../messaging-attributes.ts';

const verb = attributeKey('deepflow.nats.verb');
const replyTo = attributeKey('deepflow.nats.reply_to');
const subscription = attributeKey('deepflow.nats.sid');
const status = attributeKey('deepflow.nats.status_code');
const serverVersion = attributeKey('deepflow.nats.server_version');

const operations: Readonly<Record<string, readonly [string, OperationType]>> = {
  PUB: ['publish', 'send'],
  HPUB: ['publish', 'send'],
  MSG: ['deliver', 'receive'],
  HMSG: ['deliver', 'receive'],
  RMSG: ['route', 'send'],
  LMSG: ['route', 'send'],
  SUB: ['subscribe', ''],
  UNSUB: ['unsubscribe', ''],
  INFO: ['connect', ''],
  CONNECT: ['connect', ''],
  PING: ['ping', ''],
  PONG: ['ping', ''],
  '+OK': ['ok', ''],
  '-ERR': ['error', ''],
};

export function describeNats(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  const [operation, type] = operations[message.method] ?? [message.method, ''];
  const subject = message.resource;
  describeOperation(span, 'nats', operation, type, subject, subject.startsWith('_') || isVolatile(subject));
  span.protocolName = 'nats';
  span.text(verb, message.method);
  span.text(messaging.clientId, (response ?? message).textFact('clientName'));
  span.text(messaging.consumerGroup, message.textFact('queueGroup'));
  span.text(subscription, message.textFact('sid'));
  span.text(replyTo, message.textFact('replyTo'));
  span.text(serverVersion, message.version);
  const size = message.facts?.get('payloadSize');
  if (typeof size === 'number') span.int(messaging.bodySize, size);
  if (subject.startsWith('_INBOX.')) span.bool(messaging.destinationTemporary, true);
  const outcome = response ?? message;
  if (typeof outcome.statusCode === 'number') span.int(status, outcome.statusCode);
  if (outcome.status === 'client_error' || outcome.status === 'server_error')
    span.fail(outcome.error.split(' for ', 1)[0] || String(outcome.statusCode), outcome.error || outcome.result);
}
