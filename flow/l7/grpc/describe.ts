/** Tells a gRPC or Triple call as a span (OpenTelemetry semantic conventions, RPC). */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import { setServer } from '../http/describe.ts';
import type { HttpDetail } from '../http/detail.ts';
import type { Message } from '../message.ts';
import { rpc } from '../rpc-attributes.ts';
import { grpcFails, grpcStatusName } from './status.ts';
import { tripleExceptionName } from './triple-exceptions.ts';

const keys = {
  userAgent: attributeKey('user_agent.original'),
  httpStatus: attributeKey('http.response.status_code'),
  requestMessages: attributeKey('deepflow.rpc.request.messages'),
  responseMessages: attributeKey('deepflow.rpc.response.messages'),
  requestBody: attributeKey('http.request.body.size'),
  responseBody: attributeKey('http.response.body.size'),
};

export function describeGrpc(span: SpanWriter, request: Message | null, response: Message | null): void {
  const label = request?.label || response?.label;
  span.protocolName = 'http';
  span.protocolVersion = '2';
  // Triple is Dubbo's own.
  span.text(rpc.systemName, label === 'Triple' ? 'dubbo' : 'grpc');
  const path = request === null ? '' : request.endpoint;
  span.name = path === '' ? `${label}` : path.slice(1);
  span.text(rpc.method, path.slice(1));
  if (request !== null) {
    if (request.domain !== '') setServer(span, request.domain);
    span.text(keys.userAgent, request.textFact('userAgent'));
    describeBody(span, request, keys.requestMessages, keys.requestBody);
    const reset = request.textFact('reset');
    if (response === null && reset !== '') span.fail(reset, 'the stream was reset');
  }
  if (response !== null) describeResponse(span, response);
}

function describeResponse(span: SpanWriter, response: Message): void {
  // One that was not seen leaves HTTP's in its place.
  const code = response.label === 'gRPC' && !response.facts?.has('grpcStatus') ? '' : response.statusCode;
  if (typeof code === 'number') {
    const name = grpcStatusName(code);
    span.text(rpc.statusCode, name);
    const exception = response.facts?.get('tripleException');
    if (grpcFails(code, span.atServer)) span.fail(name, response.error);
    else if (typeof exception === 'number') span.fail(tripleExceptionName(exception), 'the service threw an exception');
  }
  const http = response.facts?.get('httpStatus');
  // 200 says nothing: the outcome of a call is its own status.
  if (typeof http === 'number' && http !== 200) {
    span.int(keys.httpStatus, http);
    if (code === '') span.fail(String(http));
  }
  describeBody(span, response, keys.responseMessages, keys.responseBody);
}

function describeBody(
  span: SpanWriter,
  message: Message,
  messages: typeof keys.requestMessages,
  body: typeof keys.requestBody,
): void {
  const count = message.facts?.get('messages');
  if (typeof count === 'number') span.int(messages, count);
  const detail = message.detail as HttpDetail | null;
  if (detail === null) return;
  if (detail.bodyBytes >= 0) span.int(body, detail.bodyBytes);
  for (const [key, values] of detail.captured ?? []) span.texts(key, values);
}
