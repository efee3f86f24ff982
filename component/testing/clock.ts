/** A clock that a test moves by hand. */
import type { Clock } from '../clock.ts';

export interface TestClock extends Clock {
  /** Moves time on, running what falls due in order; lets promises settle before, between and after. */
  advance(durationMs: number): Promise<void>;
}

/** `random` is the one number that the clock's dice always show; 0.5 means no jitter. */
export function createTestClock(random = 0.5): TestClock {
  let timeMs = 0;
  const timers = new Set<{ atMs: number; action: () => void }>();
  return {
    nowMs: () => timeMs,
    random: () => random,
    after(delayMs, action) {
      const timer = { atMs: timeMs + delayMs, action };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(durationMs) {
      const untilMs = timeMs + durationMs;
      await settle();
      for (;;) {
        const due = [...timers].filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (!due) break;
        timers.delete(due);
        timeMs = due.atMs;
        due.action();
        await settle();
      }
      timeMs = untilMs;
    },
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
