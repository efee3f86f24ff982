/** Turns what went wrong between the querier and the store into an answer that a stranger understands. */
import { ClickHouseError } from '@clickhouse/client';
import { QueryError } from '../errors.ts';

/** ClickHouse error numbers with a meaning of their own here (src/Common/ErrorCodes.cpp). */
const codes = {
  unknownTable: 60,
  unknownDatabase: 81,
  timeoutExceeded: 159,
  readonly: 164,
  memoryLimitExceeded: 241,
  tooManyRowsOrBytes: 396,
  queryWasCancelled: 394,
  accessDenied: 497,
  authenticationFailed: 516,
} as const;

const networkCodes = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

export function storeError(error: unknown, signal?: AbortSignal): QueryError {
  if (error instanceof QueryError) return error;
  if (signal?.aborted === true) return new QueryError('CANCELLED', 'The query was cancelled.', { cause: error });
  if (error instanceof ClickHouseError) return answeredError(error);
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? error.message : String(error);
  if ((typeof code === 'string' && networkCodes.has(code)) || /timeout|socket|connect|hang up/i.test(message)) {
    return new QueryError(
      'STORE_UNAVAILABLE',
      `The store does not answer (${typeof code === 'string' ? code : message}). It may still be starting, or it has ` +
        'stopped: look at the collector log, and check extensions.query.clickhouse.endpoint.',
      { cause: error },
    );
  }
  return new QueryError('INTERNAL', message, { cause: error });
}

/** The same for SQL of our own, which is right: a table that is missing was not made yet. */
export function ownSqlError(error: unknown, signal?: AbortSignal): QueryError {
  const known = storeError(error, signal);
  if (known.storeCode !== codes.unknownTable && known.storeCode !== codes.unknownDatabase) return known;
  return new QueryError(
    'STORE_EMPTY',
    'The store has no tables yet. The clickhouse exporter makes them when it starts: check that a pipeline uses it, and ' +
      'that it writes to the database that extensions.query.clickhouse.database names.',
    { cause: error, storeCode: known.storeCode },
  );
}

function answeredError(error: ClickHouseError): QueryError {
  const number = Number(error.code);
  const message = error.message.trim();
  const options = { cause: error, storeCode: number };
  switch (number) {
    case codes.timeoutExceeded:
      return new QueryError(
        'QUERY_TOO_EXPENSIVE',
        'The query took longer than extensions.query.limits.max_execution_time allows. Ask for a shorter time range, ' +
          'add a filter, or raise the limit.',
        options,
      );
    case codes.memoryLimitExceeded:
    case codes.tooManyRowsOrBytes:
      return new QueryError(
        'QUERY_TOO_EXPENSIVE',
        'The query needs more memory or rows than extensions.query.limits allows. Ask for less, or raise the limit.',
        options,
      );
    case codes.readonly:
      return new QueryError('FORBIDDEN', `Only reading is allowed here: ${message}`, options);
    case codes.queryWasCancelled:
      return new QueryError('CANCELLED', 'The query was cancelled.', options);
    case codes.accessDenied:
    case codes.authenticationFailed:
      return new QueryError('FORBIDDEN', `The store refused: ${message}`, options);
    default:
      return new QueryError('QUERY_FAILED', message, options);
  }
}
