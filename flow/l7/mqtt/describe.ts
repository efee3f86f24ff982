/** An MQTT packet and its acknowledgement as a span: OpenTelemetry's conventions for messaging. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { describeOperation, isVolatile, messaging, type OperationType } from '../messaging-attributes.ts';

const packet = attributeKey('deepflow.mqtt.packet');
const packetId = attributeKey('deepflow.mqtt.packet_id');
const qos = attributeKey('deepflow.mqtt.qos');
const retain = attributeKey('deepflow.mqtt.retain');
const duplicate = attributeKey('deepflow.mqtt.dup');
const reasonCode = attributeKey('deepflow.mqtt.reason_code');
const topics = attributeKey('deepflow.mqtt.topics');
const responseTopic = attributeKey('deepflow.mqtt.response_topic');

const names: Readonly<Record<string, string>> = {
  CONNECT: 'connect',
  SUBSCRIBE: 'subscribe',
  UNSUBSCRIBE: 'unsubscribe',
  PUBREL: 'release',
  PINGREQ: 'ping',
  DISCONNECT: 'disconnect',
  AUTH: 'authenticate',
};

export function describeMqtt(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  span.protocolName = 'mqtt';
  span.protocolVersion = message.version;
  let operation = names[message.method] ?? message.method.toLowerCase();
  let type: OperationType = '';
  if (message.method === 'PUBLISH') {
    operation = message.side === 0 ? 'publish' : 'deliver';
    type = message.side === 0 ? 'send' : 'receive';
  }
  describeOperation(span, 'mqtt', operation, type, type === '' ? '' : message.resource, isVolatile(message.resource));
  span.text(packet, message.method);
  span.text(messaging.clientId, message.textFact('clientId'));
  const { facts } = message;
  const id = facts?.get('requestId') ?? message.id;
  if (typeof id === 'number') span.int(packetId, id);
  if (type !== '') {
    span.int(qos, Number(facts?.get('qos') ?? 0));
    if (facts?.get('retain') === true) span.bool(retain, true);
    if (facts?.get('dup') === true) span.bool(duplicate, true);
    const size = facts?.get('payloadSize');
    if (typeof size === 'number') span.int(messaging.bodySize, size);
    span.text(responseTopic, message.textFact('responseTopic'));
    span.text(messaging.conversationId, message.textFact('correlationId'));
  } else if (message.resource !== '') span.texts(topics, message.resource.split(','));
  // DISCONNECT tells its reason itself.
  const outcome = response ?? message;
  if (outcome.statusCode !== '') span.int(reasonCode, Number(outcome.statusCode));
  if (outcome.status === 'client_error' || outcome.status === 'server_error') span.fail(outcome.result, outcome.error);
}
