/** Waiting for something that happens in another process. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks `probe` again and again until it gives something other than undefined or false, and returns that.
 * @throws when `withinMs` have passed; the message has `what` and the last error of `probe`
 */
export async function until<T>(
  what: string,
  withinMs: number,
  probe: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${withinMs} ms`, { cause: last });
    await sleep(50);
  }
}
