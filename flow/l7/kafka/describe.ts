/** A Kafka call as a span: OpenTelemetry's conventions for messaging and for Kafka. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, messaging, type OperationType } from '../messaging-attributes.ts';

const offset = attributeKey('messaging.kafka.offset');
const correlationId = attributeKey('deepflow.kafka.correlation_id');
const errorCode = attributeKey('deepflow.kafka.error_code');
const apiName = attributeKey('deepflow.kafka.api');
const transactionalId = attributeKey('deepflow.kafka.transactional_id');
const memberId = attributeKey('deepflow.kafka.member_id');
const throttle = attributeKey('deepflow.kafka.throttle_ms');
const acks = attributeKey('deepflow.kafka.acks');
const topicCount = attributeKey('deepflow.kafka.topic_count');
const compression = attributeKey('deepflow.kafka.compression');

/** What clients call the APIs that move messages; of all others the API's name is the operation. */
const operations: Readonly<Record<string, readonly [string, OperationType]>> = {
  Produce: ['send', 'send'],
  Fetch: ['poll', 'receive'],
  ShareFetch: ['poll', 'receive'],
  ShareAcknowledge: ['acknowledge', 'settle'],
  OffsetCommit: ['commit', 'settle'],
  TxnOffsetCommit: ['commit', 'settle'],
};

export function describeKafka(span: SpanWriter, request: Message | null, response: Message | null): void {
  const asked = (request ?? response)!;
  const topics = Number(request?.facts?.get('topics') ?? 1);
  const topic = topics > 1 ? '' : asked.domain || (response?.domain ?? '');
  const [operation, type] = operations[asked.method] ?? [asked.method || 'kafka', ''];
  describeOperation(span, 'kafka', operation, type, topic);
  span.protocolName = 'kafka';
  span.protocolVersion = asked.version;
  span.text(apiName, asked.method);
  if (typeof asked.id === 'number') span.int(correlationId, asked.id);
  if (request !== null) describeRequest(span, request, topics);
  if (response !== null) describeResponse(span, response);
  const records = response?.facts?.get('recordCount') ?? request?.facts?.get('recordCount');
  if (typeof records === 'number') span.int(messaging.batchCount, records);
  const at = response?.facts?.get('offset') ?? request?.facts?.get('offset');
  if (typeof at === 'number') span.int(offset, at);
}

function describeRequest(span: SpanWriter, request: Message, topics: number): void {
  const { facts } = request;
  span.text(messaging.clientId, request.textFact('clientId'));
  span.text(messaging.consumerGroup, request.textFact('groupId'));
  if (topics > 1) span.int(topicCount, topics);
  else span.text(messaging.partitionId, request.textFact('partition'));
  span.text(transactionalId, request.textFact('transactionalId'));
  span.text(memberId, request.textFact('memberId'));
  span.text(compression, request.textFact('compression'));
  const wanted = facts?.get('acks');
  if (typeof wanted === 'number') span.int(acks, wanted);
}

function describeResponse(span: SpanWriter, response: Message): void {
  const waited = response.facts?.get('throttleMs');
  if (typeof waited === 'number') span.int(throttle, waited);
  if (response.status !== 'server_error') return;
  span.int(errorCode, Number(response.statusCode));
  span.fail(response.result, response.error);
}
