/** A lane: at most so many at once, the others wait their turn, and no more than so many may wait. */
import { StoreException } from './store-exception.ts';

export interface Lane {
  /** Resolves with a release function, to be called once. Rejects when too many wait already, or when `signal` aborts. */
  enter(signal?: AbortSignal): Promise<() => void>;
  readonly running: number;
}

export function createLane(width: number, maxWaiting: number): Lane {
  let running = 0;
  const waiting: (() => void)[] = [];

  function leave(): void {
    running--;
    waiting.shift()?.();
  }

  function takePlace(): () => void {
    running++;
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  }

  return {
    get running() {
      return running;
    },
    enter(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (running < width && waiting.length === 0) return Promise.resolve(takePlace());
      if (waiting.length >= maxWaiting) {
        const message = `${running} statements run and ${waiting.length} wait; try again later`;
        return Promise.reject(new StoreException(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', message));
      }
      return new Promise((resolve, reject) => {
        const turn = () => {
          signal?.removeEventListener('abort', giveUp);
          resolve(takePlace());
        };
        const giveUp = () => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(signal!.reason);
        };
        signal?.addEventListener('abort', giveUp, { once: true });
        waiting.push(turn);
      });
    },
  };
}
