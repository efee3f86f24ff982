/** Errors that cross component borders: consume errors (data) and component errors (start, config). */

import type { GrpcCode } from '../wire/grpc/codes.ts';

export { type GrpcCode, grpcCodes } from '../wire/grpc/codes.ts';

export interface ConsumeErrorOptions {
  /** True when sending the same data again can never succeed. */
  permanent: boolean;
  /** The status a peer gave, when there was one; decides what our own sender is told. */
  grpcCode?: GrpcCode;
  /** How long the sender should wait, when the failing side said so. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** A batch was not accepted. */
export class ConsumeError extends Error {
  override readonly name = 'ConsumeError';
  readonly permanent: boolean;
  readonly grpcCode: GrpcCode | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ConsumeErrorOptions) {
    super(message, { cause: options.cause });
    this.permanent = options.permanent;
    this.grpcCode = options.grpcCode;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function permanent(message: string, options: Omit<ConsumeErrorOptions, 'permanent'> = {}): ConsumeError {
  return new ConsumeError(message, { ...options, permanent: true });
}

export function retryable(message: string, options: Omit<ConsumeErrorOptions, 'permanent'> = {}): ConsumeError {
  return new ConsumeError(message, { ...options, permanent: false });
}

/** True for errors that retrying cannot mend. Unknown errors count as retryable, as in the OpenTelemetry Collector. */
export function isPermanent(error: unknown): boolean {
  return error instanceof ConsumeError && error.permanent;
}

/** Stable codes of errors that an operator meets at start; documented in docs/reference/errors.md. */
export type OperatorErrorCode =
  | 'ADDRESS_IN_USE'
  | 'PERMISSION_DENIED'
  | 'DISK_FULL'
  | 'INVALID_CONFIG'
  | 'MISSING_DEPENDENCY'
  | 'STORE_UNAVAILABLE'
  | 'STORE_TOO_OLD'
  | 'DATA_DIRECTORY_LOCKED'
  | 'INTERNAL';

/** Something an operator must mend. The message says what happened, where, and what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: OperatorErrorCode;

  constructor(code: OperatorErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
