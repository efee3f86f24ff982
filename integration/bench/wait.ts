/** Waiting for a condition with a limit. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks every `everyMs` until the answer is not undefined; after `limitMs` throws an Error with what `describe` says. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  describe: () => string,
  limitMs: number,
  everyMs = 50,
): Promise<T> {
  const untilMs = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > untilMs) throw new Error(`${describe()} (waited ${limitMs / 1000} s)`);
    await sleep(everyMs);
  }
}
