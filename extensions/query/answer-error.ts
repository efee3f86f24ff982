/** Errors as JSON: `{"error": {"code", "message"}}`, in one shape for every API below this server. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from '../../component/telemetry.ts';
import { QueryError } from '../../querier/errors.ts';

export function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = asQueryError(error);
    if (known.httpStatus >= 500 && known.code !== 'STORE_UNAVAILABLE') {
      log.error('A query failed in a way it should not', { path: request.path, error: known.cause ?? known });
    }
    response.status(known.httpStatus).json({
      error: {
        code: known.code,
        message: known.message,
        ...(known.storeCode !== undefined && { store_code: known.storeCode }),
      },
    });
  };
}

/** Express reports bad bodies and bad escapes as errors with a `status`. */
function asQueryError(error: unknown): QueryError {
  if (error instanceof QueryError) return error;
  const status = (error as { status?: unknown }).status;
  const message = error instanceof Error ? error.message : String(error);
  if (status === 413) return new QueryError('BAD_REQUEST', 'The body is larger than 1 MB.', { cause: error });
  if (typeof status === 'number' && status < 500) return new QueryError('BAD_REQUEST', message, { cause: error });
  return new QueryError('INTERNAL', 'The query failed for a reason of our own; the collector log says more.', {
    cause: error,
  });
}

export const notFound: RequestHandler = (request) => {
  throw new QueryError('NOT_FOUND', `Nothing answers ${request.method} ${request.originalUrl.split('?')[0]}`);
};
