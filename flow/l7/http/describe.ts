/** Tells an HTTP call as a span (OpenTelemetry semantic conventions, HTTP spans); for HTTP/1, HTTP/2 and FastCGI. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import type { HttpDetail } from './detail.ts';
import { knownMethods } from './methods.ts';
import { hideValues, pathEnd, routeOf } from './route.ts';

const keys = {
  method: attributeKey('http.request.method'),
  methodOriginal: attributeKey('http.request.method_original'),
  status: attributeKey('http.response.status_code'),
  requestBody: attributeKey('http.request.body.size'),
  responseBody: attributeKey('http.response.body.size'),
  forwardedFor: attributeKey('http.request.header.x-forwarded-for'),
  path: attributeKey('url.path'),
  query: attributeKey('url.query'),
  scheme: attributeKey('url.scheme'),
  template: attributeKey('url.template'),
  full: attributeKey('url.full'),
  userAgent: attributeKey('user_agent.original'),
};

/** Writes name, status and attributes. What `request` and `response` are to each other is the session's business. */
export function describeHttp(span: SpanWriter, request: Message | null, response: Message | null): void {
  span.protocolName = 'http';
  span.protocolVersion = (request ?? response)!.version;
  if (request === null) span.name = 'HTTP';
  else describeRequest(span, request);
  if (response !== null) describeResponse(span, response);
}

function describeRequest(span: SpanWriter, request: Message): void {
  const { method, resource, domain } = request;
  const detail = request.detail as HttpDetail | null;
  const known = knownMethods.has(method);
  const template = method === 'CONNECT' ? '' : routeOf(resource);
  const shown = known ? method : 'HTTP';
  span.name = template === '' ? shown : `${shown} ${template}`;
  if (method !== '') span.text(keys.method, known ? method : '_OTHER');
  if (!known) span.text(keys.methodOriginal, method);
  if (domain !== '') setServer(span, domain);
  const scheme = detail === null || detail.scheme === '' ? 'http' : detail.scheme;
  span.text(keys.scheme, scheme);
  if (template !== '') {
    const end = pathEnd(resource);
    const path = end === resource.length ? resource : resource.slice(0, end);
    let query = '';
    if (resource[end] === '?') {
      query = resource.slice(end + 1);
      if (request.facts?.get('plain') !== true) query = hideValues(query);
    }
    span.text(keys.path, path);
    span.text(keys.query, query);
    span.text(keys.template, template);
    if (!span.atServer && domain !== '') {
      span.text(keys.full, `${scheme}://${domain}${path}${query === '' ? '' : `?${query}`}`);
    }
  }
  if (request.facts !== null) {
    span.text(keys.userAgent, request.textFact('userAgent'));
    const forwarded = request.textFact('clientIp');
    if (forwarded !== '') span.texts(keys.forwardedFor, [forwarded]);
  }
  describeBody(span, request, keys.requestBody);
}

function describeResponse(span: SpanWriter, response: Message): void {
  const { statusCode } = response;
  if (typeof statusCode === 'number') {
    span.int(keys.status, statusCode);
    // A client's mistake is not the server's failure.
    if (statusCode >= 500 || (statusCode >= 400 && !span.atServer)) span.fail(String(statusCode), response.error);
  }
  describeBody(span, response, keys.responseBody);
}

function describeBody(span: SpanWriter, message: Message, key: typeof keys.requestBody): void {
  const detail = message.detail as HttpDetail | null;
  const size = detail !== null && detail.bodyBytes >= 0 ? detail.bodyBytes : message.length;
  if (size >= 0) span.int(key, size);
  if (detail !== null && detail.captured !== null) {
    for (const [header, values] of detail.captured) {
      if (header.name === keys.forwardedFor.name) continue;
      span.texts(header, values);
    }
  }
}

/** `host`, `host:port`, `[v6]:port` as server.address and server.port. */
export function setServer(span: SpanWriter, authority: string): void {
  const colon = authority.lastIndexOf(':');
  if (authority[0] === '[') {
    const close = authority.indexOf(']');
    span.serverName = close > 0 ? authority.slice(1, close) : authority;
    if (close >= 0 && colon === close + 1) span.serverPort = portNumber(authority, colon + 1);
    return;
  }
  if (colon <= 0 || authority.indexOf(':') !== colon) {
    span.serverName = authority;
    return;
  }
  span.serverName = authority.slice(0, colon);
  span.serverPort = portNumber(authority, colon + 1);
}

function portNumber(text: string, start: number): number {
  let port = 0;
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    port = port * 10 + digit;
    if (port > 65535) return 0;
  }
  return port;
}

/** 4xx is the client's fault, 5xx the server's. */
export function httpStatus(code: number): 'ok' | 'client_error' | 'server_error' {
  return code >= 500 ? 'server_error' : code >= 400 ? 'client_error' : 'ok';
}
