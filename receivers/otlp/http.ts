/** OTLP over HTTP: protobuf and JSON bodies, and errors as google.rpc.Status in the encoding of the request. */

import type { Signal } from '../../pdata/batch.ts';
import { codeOfHttpStatus, httpStatusOf } from '../../pdata/otlp/http-status.ts';
import { jsonToWire } from '../../pdata/otlp/json.ts';
import type { ByteBudget } from '../../wire/byte-budget.ts';
import { GrpcError, writeStatus, writeStatusJson } from '../../wire/grpc/status.ts';
import { createCors } from '../../wire/http/cors.ts';
import { HttpFailure } from '../../wire/http/failure.ts';
import { createHttpServer, type HttpHead, type HttpReply, type HttpServer } from '../../wire/http/server.ts';
import type { TlsServerOptions } from '../../wire/tls.ts';
import type { HttpConfig } from './config.ts';
import { type Intake, unreadable } from './intake.ts';

const protobuf = 'application/x-protobuf';
const json = 'application/json';

const success: Record<string, HttpReply> = {
  [protobuf]: { status: 200, headers: { 'content-type': protobuf }, body: '' },
  [json]: { status: 200, headers: { 'content-type': json }, body: '{"partialSuccess":{}}' },
};

export function createOtlpHttp(
  config: HttpConfig,
  intakes: ReadonlyMap<Signal, Intake>,
  budget: ByteBudget,
  tls: TlsServerOptions | undefined,
): HttpServer {
  const routes = new Map<string, { signal: Signal; intake: Intake }>();
  for (const [signal, intake] of intakes) routes.set(config[`${signal}_url_path`], { signal, intake });

  return createHttpServer({
    route(head) {
      const found = routes.get(head.path);
      if (!found) throw new HttpFailure(404, '404 page not found');
      if (head.method !== 'POST') throw new HttpFailure(405, '405 method not allowed, supported: [POST]');
      const type = mediaType(head);
      if (type !== protobuf && type !== json) {
        throw new HttpFailure(415, `415 unsupported media type, supported: [${json}, ${protobuf}]`);
      }
      return async (body) => {
        try {
          await found.intake(type === json ? jsonToWire(found.signal, body) : body);
        } catch (error) {
          throw failureOf(unreadable(error));
        }
        return success[type]!;
      };
    },
    writeFailure,
    maxRequestBodyBytes: config.max_request_body_size,
    encodings: config.compression_algorithms,
    budget,
    cors:
      config.cors &&
      createCors({
        allowedOrigins: config.cors.allowed_origins,
        allowedHeaders: config.cors.allowed_headers,
        exposedHeaders: config.cors.exposed_headers,
        maxAgeSeconds: config.cors.max_age,
      }),
    responseHeaders: Object.fromEntries(
      Object.entries(config.response_headers).map(([name, value]) => [name, value.reveal()]),
    ),
    readHeaderTimeoutMs: config.read_header_timeout,
    readTimeoutMs: config.read_timeout,
    writeTimeoutMs: config.write_timeout,
    idleTimeoutMs: config.idle_timeout,
    keepAlives: config.keep_alives_enabled,
    bodyIdleTimeoutMs: config.body_idle_timeout,
    tls,
  });
}

function mediaType(head: HttpHead): string {
  return (head.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

function failureOf(error: unknown): HttpFailure {
  const status = error instanceof GrpcError ? error : new GrpcError('UNAVAILABLE', String((error as Error).message));
  return new HttpFailure(httpStatusOf(status.code), status.message, {
    retryAfterMs: status.retryAfterMs,
    cause: status,
  });
}

/** Requests that are no OTLP get a plain text; OTLP ones get a Status in the encoding they came in. */
function writeFailure(failure: HttpFailure, head: HttpHead): HttpReply {
  const plain = failure.status === 404 || failure.status === 405 || failure.status === 415;
  const type = mediaType(head);
  if ((plain && !(failure.cause instanceof GrpcError)) || (type !== protobuf && type !== json)) {
    const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' };
    if (failure.status === 405) headers.allow = 'POST';
    return { status: failure.status, headers, body: failure.message };
  }
  const { message, retryAfterMs } = failure;
  const code = failure.cause instanceof GrpcError ? failure.cause.code : codeOfHttpStatus(failure.status);
  const status = { code, message, retryAfterMs };
  const body = type === json ? writeStatusJson(status) : writeStatus(status);
  return { status: failure.status, headers: { 'content-type': type }, body };
}
