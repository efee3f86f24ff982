/** A Pulsar command as a span: OpenTelemetry's conventions for messaging. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, isVolatile, messaging, type OperationType } from '../messaging-attributes.ts';

const command = attributeKey('deepflow.pulsar.command');
const requestId = attributeKey('deepflow.pulsar.request_id');
const producerId = attributeKey('deepflow.pulsar.producer_id');
const consumerId = attributeKey('deepflow.pulsar.consumer_id');
const broker = attributeKey('deepflow.pulsar.proxied_broker');
const errorCode = attributeKey('deepflow.pulsar.error_code');
const compression = attributeKey('deepflow.pulsar.compression');

const operations: Readonly<Record<string, readonly [string, OperationType]>> = {
  SEND: ['send', 'send'],
  MESSAGE: ['deliver', 'receive'],
  ACK: ['ack', 'settle'],
  REDELIVER_UNACKNOWLEDGED_MESSAGES: ['nack', 'settle'],
};

export function describePulsar(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  const [operation, type] = operations[message.method] ?? [message.method, ''];
  const topic = message.textFact('topic') || message.resource;
  describeOperation(span, 'pulsar', operation, type, topic, isVolatile(topic));
  span.protocolName = 'pulsar';
  span.protocolVersion = message.version;
  span.text(command, message.method);
  const id = message.facts?.get('requestId') ?? message.id;
  if (typeof id === 'number') span.int(requestId, id);
  const partition = partitionOf(topic);
  span.text(messaging.partitionId, partition);
  span.text(messaging.subscriptionName, message.textFact('subscription'));
  span.text(messaging.clientId, message.textFact('clientName') || message.textFact('producerName'));
  int(span, producerId, message, 'producerId');
  int(span, consumerId, message, 'consumerId');
  int(span, messaging.batchCount, message, 'messageCount');
  int(span, messaging.bodySize, message, 'payloadSize');
  span.text(compression, message.textFact('compression'));
  span.text(broker, message.domain);
  if (response === null || response.status !== 'server_error') return;
  span.int(errorCode, Number(response.statusCode));
  span.fail(response.result, response.error);
}

function int(span: SpanWriter, key: typeof command, message: Message, fact: string): void {
  const value = message.facts?.get(fact);
  if (typeof value === 'number') span.int(key, value);
}

/** Partitions are topics whose names end in `-partition-N`. */
function partitionOf(topic: string): string {
  const at = topic.lastIndexOf('-partition-');
  return at < 0 ? '' : topic.slice(at + 11);
}
