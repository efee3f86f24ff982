/** Why an HTTP request was refused, before its answer is written in the form its sender reads. */

export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly status: number;
  /** Sent as `Retry-After`, rounded up to seconds. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, options: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.retryAfterMs = options.retryAfterMs;
  }
}
