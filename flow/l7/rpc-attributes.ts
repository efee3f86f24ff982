/** What the spans of all RPC protocols have in common (OpenTelemetry semantic conventions, RPC): name, system, method, status. */
import { attributeKey } from '../otlp/attribute-writer.ts';
import { type SpanWriter, spanKinds } from '../otlp/span-writer.ts';
import type { Message } from './message.ts';

export const rpc = {
  systemName: attributeKey('rpc.system.name'),
  method: attributeKey('rpc.method'),
  statusCode: attributeKey('rpc.response.status_code'),
} as const;

/**
 * Name, kind, `rpc.system.name` and `rpc.method` (`service/method`, which parsers give as the message's endpoint). A request that the
 * server sends, as callbacks and heartbeats are, is a call in the other direction.
 */
export function describeCall(span: SpanWriter, system: string, label: string, request: Message | null): void {
  span.protocolName = system;
  span.text(rpc.systemName, system);
  if (request === null) {
    span.name = label;
    return;
  }
  if (request.side === 1) span.kind = span.atServer ? spanKinds.client : spanKinds.server;
  const method = request.endpoint || request.method;
  span.name = method || label;
  span.text(rpc.method, method);
}

/**
 * `rpc.response.status_code`, and the failure that it tells. Who is at fault decides whose span fails: a mistake of the client is none of
 * the server's errors (as the conventions for gRPC and Dubbo have it).
 */
export function describeStatus(span: SpanWriter, response: Message, code: string): void {
  span.text(rpc.statusCode, code);
  if (response.status === 'server_error' || (response.status === 'client_error' && !span.atServer)) {
    span.fail(code === '' ? '_OTHER' : code, response.error);
  }
}
