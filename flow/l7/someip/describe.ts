/** A SOME/IP call as a span. Services and methods have numbers only; their names are in the vehicle's interface files. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { rpc } from '../rpc-attributes.ts';
import { returnCodes } from './codes.ts';

const messageType = attributeKey('deepflow.someip.message_type');
const clientId = attributeKey('deepflow.someip.client_id');
const sessionId = attributeKey('deepflow.someip.session_id');
const discovery = attributeKey('deepflow.someip.discovery');

export function describeSomeIp(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = (request ?? response)!;
  const { facts } = message;
  const entries = facts?.get('entries');
  span.protocolName = 'someip';
  span.protocolVersion = message.version;
  span.text(rpc.systemName, 'someip');
  if (entries === undefined) {
    const name = `${hex(facts?.get('serviceId'))}/${hex(facts?.get('methodId'))}`;
    span.name = name;
    span.text(rpc.method, name);
  } else {
    span.name = `SD ${message.method}`;
    span.texts(discovery, entries as string[]);
  }
  span.text(messageType, message.method);
  span.int(clientId, Number(facts?.get('clientId')));
  span.int(sessionId, Number(facts?.get('requestId')));
  if (response === null) return;
  const code = returnCodes[Number(response.statusCode)] ?? hex(response.statusCode);
  span.text(rpc.statusCode, code);
  if (response.status === 'server_error' || (response.status === 'client_error' && !span.atServer)) span.fail(code);
}

function hex(value: unknown): string {
  return `0x${Number(value).toString(16).padStart(4, '0')}`;
}
