/** Reads the parameters of a ClickHouse HTTP request: from the URL, from headers, from form fields. */
import type { IncomingHttpHeaders } from 'node:http';
import { StoreException } from './store-exception.ts';

export interface QueryRequest {
  /** SQL of the URL or of the form; empty when the body is the SQL. */
  query: string;
  queryId: string | undefined;
  session: { id: string; timeoutMs: number; mustExist: boolean } | undefined;
  database: string | undefined;
  /** Format of answers, and of inserts that name none. */
  format: string | undefined;
  settings: readonly [name: string, value: string][];
  /** Values of `{name:Type}` placeholders, in ClickHouse's escaped text. */
  parameters: readonly [name: string, value: string][];
  /** Answer nothing before the statement is over. */
  waitForEnd: boolean;
  /** Encodings the client accepts; empty when it wants none. */
  acceptEncodings: readonly string[];
  /** ClickHouse's own compressed frames, in the request and in the answer. */
  framedRequest: boolean;
  framedAnswer: boolean;
  /** Above 0 Native blocks of answers carry more, see native-protocol.ts. */
  protocolVersion: number;
  /** GET changes nothing. */
  readOnly: boolean;
}

/** URL parameters that are not settings and mean nothing here. */
const ignored = new Set(['user', 'password', 'quota_key', 'role', 'stacktrace', 'buffer_size', 'close_session']);

/** Defaults of ClickHouse's server, and its upper bound. */
const sessionTimeoutSeconds = { default: 60, max: 3600 };

export function readQueryRequest(method: string, fields: URLSearchParams, headers: IncomingHttpHeaders): QueryRequest {
  const request: QueryRequest = {
    query: '',
    queryId: header(headers, 'x-clickhouse-query-id'),
    session: undefined,
    database: header(headers, 'x-clickhouse-database'),
    format: header(headers, 'x-clickhouse-format'),
    settings: [],
    parameters: [],
    waitForEnd: false,
    acceptEncodings: [],
    framedRequest: false,
    framedAnswer: false,
    protocolVersion: 0,
    readOnly: method !== 'POST' && method !== 'PUT',
  };
  const settings: [string, string][] = [];
  const parameters: [string, string][] = [];
  const session = { id: '', timeoutMs: sessionTimeoutSeconds.default * 1000, mustExist: false };
  for (const [name, value] of fields) {
    if (ignored.has(name)) continue;
    if (name.startsWith('param_')) {
      parameters.push([name.slice('param_'.length), value]);
      continue;
    }
    switch (name) {
      case 'query':
        request.query += value;
        break;
      case 'query_id':
        if (value !== '') request.queryId = value;
        break;
      case 'session_id':
        session.id = value;
        break;
      case 'session_timeout':
        session.timeoutMs = readSessionTimeout(value);
        break;
      case 'session_check':
        session.mustExist = value === '1';
        break;
      case 'database':
        if (value !== '') request.database = value;
        break;
      case 'default_format':
        request.format ??= value;
        break;
      case 'wait_end_of_query':
        request.waitForEnd = isOn(value);
        break;
      case 'enable_http_compression':
        if (isOn(value)) request.acceptEncodings = readAcceptEncoding(headers['accept-encoding']);
        break;
      case 'decompress':
        request.framedRequest = isOn(value);
        break;
      case 'compress':
        request.framedAnswer = isOn(value);
        break;
      case 'client_protocol_version':
        request.protocolVersion = Number(value) || 0;
        break;
      default:
        settings.push([name, value]);
    }
  }
  request.settings = settings;
  request.parameters = parameters;
  if (session.id !== '') request.session = session;
  return request;
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isOn(value: string): boolean {
  return value === '1' || value === 'true';
}

function readSessionTimeout(value: string): number {
  const seconds = Number(value);
  if (!(seconds >= 0 && seconds <= sessionTimeoutSeconds.max)) {
    const message = `Session timeout '${value}' is larger than max_session_timeout: ${sessionTimeoutSeconds.max}`;
    throw new StoreException(374, 'INVALID_SESSION_TIMEOUT', message);
  }
  return seconds * 1000;
}

function readAcceptEncoding(value: string | string[] | undefined): string[] {
  return String(value ?? '')
    .split(',')
    .map((part) => part.trim().split(';'))
    .filter(([, q]) => !/q=0(\.0*)?$/.test(q ?? ''))
    .map(([name]) => name.trim().toLowerCase());
}
