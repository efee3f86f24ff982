/** Repeats a failing delivery with growing, jittered waits: the meaning of `retry_on_failure`. */
import type { Clock } from './clock.ts';
import { ConsumeError, isPermanent } from './errors.ts';
import type { RetryConfig } from './schemas/retry.ts';
import type { Logger } from './telemetry.ts';

export interface Retrier {
  /** Runs `attempt` until it succeeds; rejects with the last error when it is permanent or patience has ended. */
  run(attempt: () => Promise<void>): Promise<void>;
  /** Ends all waits: what waits now is attempted once more, at once, and nothing waits any more. */
  stopWaiting(): void;
}

export interface RetrierOptions {
  config: RetryConfig;
  clock: Clock;
  log: Logger;
  /** Told of each failure after which the delivery is repeated. */
  onRetry?: (error: unknown) => void;
}

export function createRetrier({ config, clock, log, onRetry }: RetrierOptions): Retrier {
  const waiting = new Set<() => void>();
  let stopped = false;

  async function run(attempt: () => Promise<void>): Promise<void> {
    const startedMs = clock.nowMs();
    let intervalMs = config.initial_interval;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (isPermanent(error) || !config.enabled || stopped) throw error;
        const askedMs = error instanceof ConsumeError ? (error.retryAfterMs ?? 0) : 0;
        const delayMs = Math.max(askedMs, jittered(intervalMs));
        const leftMs = config.max_elapsed_time - (clock.nowMs() - startedMs);
        if (config.max_elapsed_time > 0 && delayMs > leftMs) throw noRetriesLeft(error);
        onRetry?.(error);
        log.info('Exporting failed. Will retry the request after interval.', {
          error: String((error as Error).message ?? error),
          interval: `${Math.round(delayMs)}ms`,
        });
        await wait(delayMs);
        intervalMs = Math.min(intervalMs * config.multiplier, config.max_interval);
      }
    }
  }

  function jittered(intervalMs: number): number {
    const spread = config.randomization_factor * intervalMs;
    return intervalMs - spread + 2 * spread * clock.random();
  }

  function wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        waiting.delete(end);
        resolve();
      };
      const cancel = clock.after(delayMs, end);
      waiting.add(end);
    });
  }

  return {
    run,
    stopWaiting() {
      stopped = true;
      for (const end of waiting) end();
    },
  };
}

function noRetriesLeft(error: unknown): ConsumeError {
  const last = error instanceof ConsumeError ? error : undefined;
  return new ConsumeError(`no more retries left: ${(error as Error).message}`, {
    permanent: false,
    ...(last?.grpcCode && { grpcCode: last.grpcCode }),
    cause: error,
  });
}
