/** Attributes of OpenTelemetry's semantic conventions for messaging (1.37, in development), and how a messaging span is named. */
import { attributeKey } from '../otlp/attribute-writer.ts';
import { type SpanKind, type SpanWriter, spanKinds } from '../otlp/span-writer.ts';

export const messaging = {
  system: attributeKey('messaging.system'),
  operationName: attributeKey('messaging.operation.name'),
  operationType: attributeKey('messaging.operation.type'),
  destinationName: attributeKey('messaging.destination.name'),
  destinationTemporary: attributeKey('messaging.destination.temporary'),
  partitionId: attributeKey('messaging.destination.partition.id'),
  subscriptionName: attributeKey('messaging.destination.subscription.name'),
  consumerGroup: attributeKey('messaging.consumer.group.name'),
  clientId: attributeKey('messaging.client.id'),
  messageId: attributeKey('messaging.message.id'),
  conversationId: attributeKey('messaging.message.conversation_id'),
  bodySize: attributeKey('messaging.message.body.size'),
  batchCount: attributeKey('messaging.batch.message_count'),
} as const;

/** `send` publishes, `receive` fetches or is given messages, `settle` acknowledges them; '' is anything else a broker is asked for. */
export type OperationType = 'send' | 'receive' | 'settle' | '';

/**
 * Name, kind and the attributes of the operation: `{operation} {destination}`. Volatile destinations (inboxes, reply queues,
 * names with numbers) are too many to be part of a name.
 */
export function describeOperation(
  span: SpanWriter,
  system: string,
  operation: string,
  type: OperationType,
  destination: string,
  volatile = false,
): void {
  span.name = destination === '' || volatile ? operation : `${operation} ${destination}`;
  const kind = kindOf(type);
  if (kind !== 0) span.kind = kind;
  span.text(messaging.system, system);
  span.text(messaging.operationName, operation);
  span.text(messaging.operationType, type);
  span.text(messaging.destinationName, destination);
}

/**
 * Whether a destination's name looks made up by a program: it has a run of three digits, or is very long. Such names are too many to be part
 * of a span's name.
 */
export function isVolatile(name: string): boolean {
  if (name.length > 128) return true;
  let digits = 0;
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    digits = code >= 0x30 && code <= 0x39 ? digits + 1 : 0;
    if (digits === 3) return true;
  }
  return false;
}

/** 0: as the observation point says, server or client. */
function kindOf(type: OperationType): SpanKind | 0 {
  switch (type) {
    case 'send':
      return spanKinds.producer;
    case 'receive':
      return spanKinds.consumer;
    case 'settle':
    case '':
      return 0;
    default:
      return type satisfies never;
  }
}
