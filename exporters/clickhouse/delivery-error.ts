/** Why a segment is not in ClickHouse yet, the store's reasons and ours, and what an operator is told of it. */
import { StoreError } from '../../clickhouse/errors.ts';
import type { Segment } from './segment-writer.ts';

/**
 * - `encoding`: its messages cannot be made into rows; a mistake of this program, which repeating does not mend.
 * - `file`: the spool file cannot be read, moved or deleted.
 */
export class SegmentError extends Error {
  override readonly name = 'SegmentError';
  readonly kind: 'encoding' | 'file';

  constructor(kind: SegmentError['kind'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.kind = kind;
  }
}

export type DeliveryError = StoreError | SegmentError;

/** Gives what `steps` give; what they throw is said to be of `what` that was encoded. */
export function* encoding<T>(what: string, steps: Iterable<T>): Generator<T> {
  try {
    yield* steps;
  } catch (error) {
    throw isKnown(error) ? error : cannotBeEncoded(what, error);
  }
}

/** Sorts what an attempt threw. */
export function asDeliveryError(error: unknown, { signal, path }: Segment): DeliveryError {
  if (error instanceof StoreError || error instanceof SegmentError) return error;
  if (!isKnown(error)) return cannotBeEncoded(signal, error);
  const { message } = error as Error;
  return new SegmentError(
    'file',
    `spool file ${path} cannot be used (${message}); check the disk and its permissions`,
    {
      cause: error,
    },
  );
}

/** What happens to a segment that is tried again. */
export function whenWaiting(error: DeliveryError): string {
  if (error instanceof SegmentError) return 'A spool file cannot be sent; it waits, and what came after it.';
  return 'ClickHouse does not take data; it waits in the spool.';
}

/** What happened to a segment that will not be stored, and what to do. */
export function whenPutAside({ kind }: DeliveryError, movedTo: string | undefined): string {
  if (movedTo === undefined) {
    return 'A spool file is gone and what it held is lost; let nobody else delete files there.';
  }
  if (kind === 'encoding') {
    return 'A segment cannot be encoded, which is a mistake of this program; it was put aside. Please report it with the file. After an upgrade move the file back to its parent directory and restart.';
  }
  const what = kind === 'file' ? 'A spool file cannot be read' : 'ClickHouse refuses a segment for ever';
  return `${what}; it was put aside. To try again, move the file back to its parent directory and restart.`;
}

function cannotBeEncoded(what: string, error: unknown): SegmentError {
  return new SegmentError('encoding', `${what} cannot be encoded for ClickHouse: ${error}`, { cause: error });
}

/** Whether it is the store's, or of a system call: the only ones that encoding makes are of reading the file. */
function isKnown(error: unknown): boolean {
  return (
    error instanceof StoreError ||
    error instanceof SegmentError ||
    (error as NodeJS.ErrnoException | undefined)?.syscall !== undefined
  );
}
