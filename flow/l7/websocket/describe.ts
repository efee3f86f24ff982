/** Tells a WebSocket connection as a span, from its first frame to its end. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import { setServer } from '../http/describe.ts';
import { pathEnd, routeOf } from '../http/route.ts';
import type { Message } from '../message.ts';
import { closeError } from './close-codes.ts';
import type { Talk } from './talk.ts';

const keys = {
  path: attributeKey('url.path'),
  template: attributeKey('url.template'),
  clientMessages: attributeKey('deepflow.websocket.client.messages'),
  clientBytes: attributeKey('deepflow.websocket.client.bytes'),
  serverMessages: attributeKey('deepflow.websocket.server.messages'),
  serverBytes: attributeKey('deepflow.websocket.server.bytes'),
  closedBy: attributeKey('deepflow.websocket.close.side'),
  code: attributeKey('deepflow.websocket.close.code'),
  reason: attributeKey('deepflow.websocket.close.reason'),
};

/** There is one message a connection, and it is no answer. */
export function describeWebSocket(span: SpanWriter, request: Message | null): void {
  span.protocolName = 'websocket';
  if (request === null) return;
  const { resource, domain, status } = request;
  const { sides, closedBy, closeCode, closeReason } = request.detail as Talk;
  const template = routeOf(resource);
  span.protocolVersion = request.version;
  span.name = template === '' ? 'WEBSOCKET' : `WEBSOCKET ${template}`;
  if (domain !== '') setServer(span, domain);
  span.text(keys.path, resource.slice(0, pathEnd(resource)));
  span.text(keys.template, template);
  span.int(keys.clientMessages, sides[0].messages);
  span.int(keys.clientBytes, sides[0].bytes);
  span.int(keys.serverMessages, sides[1].messages);
  span.int(keys.serverBytes, sides[1].bytes);
  if (closedBy < 0) return;
  span.text(keys.closedBy, closedBy === 0 ? 'client' : 'server');
  if (closeCode >= 0) span.int(keys.code, closeCode);
  span.text(keys.reason, closeReason);
  // As in HTTP, a client's mistake is not the server's failure.
  if (status === 'server_error' || (status === 'client_error' && !span.atServer)) {
    span.fail(closeError(closeCode), closeReason);
  }
}
