/** A RocketMQ command as a span: OpenTelemetry's conventions for messaging and for RocketMQ. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, isVolatile, messaging, type OperationType } from '../messaging-attributes.ts';

const tag = attributeKey('messaging.rocketmq.message.tag');
const keys = attributeKey('messaging.rocketmq.message.keys');
const clientGroup = attributeKey('messaging.rocketmq.client_group');
const request_ = attributeKey('deepflow.rocketmq.request');
const opaque = attributeKey('deepflow.rocketmq.opaque');
const responseCode = attributeKey('deepflow.rocketmq.response_code');
const responseName = attributeKey('deepflow.rocketmq.response');
const offset = attributeKey('deepflow.rocketmq.offset');
const remark = attributeKey('deepflow.rocketmq.remark');

const operations: Readonly<Record<string, readonly [string, OperationType]>> = {
  SEND_MESSAGE: ['send', 'send'],
  SEND_MESSAGE_V2: ['send', 'send'],
  SEND_BATCH_MESSAGE: ['send', 'send'],
  SEND_REPLY_MESSAGE: ['reply', 'send'],
  SEND_REPLY_MESSAGE_V2: ['reply', 'send'],
  CONSUMER_SEND_MSG_BACK: ['send_back', 'settle'],
  PULL_MESSAGE: ['pull', 'receive'],
  LITE_PULL_MESSAGE: ['pull', 'receive'],
  POP_MESSAGE: ['pop', 'receive'],
  PEEK_MESSAGE: ['peek', 'receive'],
  PUSH_REPLY_MESSAGE_TO_CLIENT: ['deliver', 'receive'],
  ACK_MESSAGE: ['ack', 'settle'],
  BATCH_ACK_MESSAGE: ['ack', 'settle'],
  CHANGE_MESSAGE_INVISIBLETIME: ['nack', 'settle'],
  UPDATE_CONSUMER_OFFSET: ['commit', 'settle'],
};

export function describeRocketMq(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  const [operation, type] = operations[message.method] ?? [message.method || 'rocketmq', ''];
  describeOperation(span, 'rocketmq', operation, type, message.resource, isVolatile(message.resource));
  span.protocolName = 'rocketmq';
  span.protocolVersion = message.version;
  span.text(request_, message.method);
  const id = message.facts?.get('requestId') ?? message.id;
  if (typeof id === 'number') span.int(opaque, id);
  span.text(messaging.partitionId, message.textFact('queueId'));
  if (type === 'send') span.text(clientGroup, message.domain);
  else span.text(messaging.consumerGroup, message.domain);
  const source = message.facts?.has('messageKey') || response === null ? message : response;
  span.text(messaging.messageId, source.textFact('messageKey') || source.textFact('messageId'));
  span.text(tag, source.textFact('tags'));
  const text = source.textFact('keys');
  if (text !== '') span.texts(keys, text.split(' '));
  const at = message.facts?.get('offset');
  if (typeof at === 'number') span.int(offset, at);
  if (response === null) return;
  const count = response.facts?.get('messageCount');
  if (typeof count === 'number') span.int(messaging.batchCount, count);
  span.int(responseCode, Number(response.statusCode));
  span.text(responseName, response.result);
  span.text(remark, response.status === 'ok' ? response.textFact('remark') : '');
  if (response.status !== 'ok') span.fail(response.result, response.error);
}
