/** An end to what takes too long: a request has one span of time for everything, from its first byte to its last. */
import { StoreError } from './errors.ts';

export interface Deadline {
  /** 0 for ever. */
  timeoutMs: number;
  /** Whom the error names. */
  endpoint: string;
  /** Ends the action before its time. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs `action`, whose signal is aborted when its time is over. The timeout of a socket will not do: it begins anew with
 * every byte that moves, so an insert larger than the buffers of its connection never meets it.
 * @throws {StoreError} of kind `unavailable` when the time is over, otherwise what `action` throws
 */
export async function beforeDeadline<T>(action: (signal: AbortSignal) => Promise<T>, deadline: Deadline): Promise<T> {
  const { timeoutMs, endpoint, signal } = deadline;
  const end = new AbortController();
  const abort = () => end.abort();
  let late = false;
  const timer =
    timeoutMs > 0 &&
    setTimeout(() => {
      late = true;
      abort();
    }, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    // The race holds also where the action does not notice that it was aborted.
    return await Promise.race([action(end.signal), whenAborted(end.signal)]);
  } catch (error) {
    if (!late) throw error;
    const message = `ClickHouse at ${endpoint} did not answer within ${timeoutMs / 1000} s: it took too long; raise \`timeout\` or look at the load of the server`;
    throw new StoreError('unavailable', 0, message, { cause: error });
  } finally {
    if (timer) clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
