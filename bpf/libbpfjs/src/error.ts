/** The one error this package throws. */

/** What failed, with the kernel's and libbpf's own words. */
export class BpfError extends Error {
  override name = 'BpfError';
  /** Name of the errno (`EPERM`), or `NO_ADDON` when the native part was not built. */
  readonly code: string;
  /** What was being done, with the names of object, program or map. */
  readonly operation: string;
  /** The newest messages of libbpf during the operation; for a refused program the end of the verifier's log. */
  readonly log: string;
  /** The program that libbpf named as the one that failed. */
  readonly program: string | undefined;
  readonly #reason: string;

  constructor(
    code: string,
    operation: string,
    reason: string,
    more: { cause?: unknown; log?: string; program?: string | undefined } = {},
  ) {
    const said = lastLines(more.log ?? '');
    const named = more.program === undefined ? '' : ` (program ${more.program})`;
    super(`${operation}${named}: ${reason}${said === '' ? '' : `\n${said}`}`, { cause: more.cause });
    this.code = code;
    this.operation = operation;
    this.log = more.log ?? '';
    this.program = more.program;
    this.#reason = reason;
  }

  /** The same with another log. */
  withLog(log: string): BpfError {
    return new BpfError(this.code, this.operation, this.#reason, { cause: this.cause, log, program: this.program });
  }
}

/** Of a verifier's log the lines before its summary tell what is wrong; all of it is in `log`. */
function lastLines(log: string): string {
  const lines = log.trimEnd().split('\n');
  return lines.slice(-16).join('\n');
}
