/** Errors a query is answered with: a stable code, a sentence that says what to do, and the HTTP status that fits. */

export type QueryErrorCode =
  | 'BAD_REQUEST'
  | 'UNSUPPORTED'
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'QUERY_FAILED'
  | 'QUERY_TOO_EXPENSIVE'
  | 'CANCELLED'
  | 'STORE_UNAVAILABLE'
  | 'STORE_EMPTY'
  | 'INTERNAL';

const httpStatuses: Record<QueryErrorCode, number> = {
  BAD_REQUEST: 400,
  UNSUPPORTED: 400,
  NOT_FOUND: 404,
  FORBIDDEN: 403,
  QUERY_FAILED: 400,
  QUERY_TOO_EXPENSIVE: 422,
  CANCELLED: 499,
  STORE_UNAVAILABLE: 503,
  STORE_EMPTY: 503,
  INTERNAL: 500,
};

/** Shown to whoever asked: the message must not hold secrets. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: QueryErrorCode;
  readonly httpStatus: number;
  /** ClickHouse's own number for the error, when the store gave one. */
  readonly storeCode: number | undefined;

  constructor(code: QueryErrorCode, message: string, options: { cause?: unknown; storeCode?: number } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.httpStatus = httpStatuses[code];
    this.storeCode = options.storeCode;
  }
}
