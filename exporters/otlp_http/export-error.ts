/** What an answer of an OTLP/HTTP server means for the data that was sent. */
import { ConsumeError } from '../../component/errors.ts';
import { codeOfHttpStatus } from '../../pdata/otlp/http-status.ts';
import { readStatus } from '../../wire/grpc/status.ts';
import type { HttpResponse } from '../../wire/http/client.ts';
import { parseRetryAfter } from '../../wire/http/retry-after.ts';

/** The OTLP specification ("Failures" of OTLP/HTTP) lets clients repeat these and no others. */
const retryableStatuses = [429, 502, 503, 504];

/** Undefined when the server took the data. */
export function errorOfResponse(response: HttpResponse, url: URL): ConsumeError | undefined {
  const { status } = response;
  if (status >= 200 && status <= 299) return undefined;
  const retryable = retryableStatuses.includes(status);
  const said = messageOf(response);
  const retryAfterMs = retryable ? parseRetryAfter(response.headers['retry-after'], Date.now()) : undefined;
  return new ConsumeError(`${url} answered with HTTP status ${status}${said ? `: ${said}` : ''}`, {
    permanent: !retryable,
    grpcCode: codeOfHttpStatus(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** The message of the google.rpc.Status in the body, or the start of a plain text. */
function messageOf({ headers, body }: HttpResponse): string {
  const type = headers['content-type'] ?? '';
  if (type.startsWith('application/x-protobuf')) return readStatus(body)?.message ?? '';
  const text = body.toString('utf8', 0, 1024);
  if (!type.startsWith('application/json')) return text.trim();
  try {
    const message = (JSON.parse(body.toString()) as { message?: unknown }).message;
    return typeof message === 'string' ? message : '';
  } catch {
    return text;
  }
}
