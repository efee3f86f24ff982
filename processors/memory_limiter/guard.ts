/** Decides whether data is to be refused, from memory measured at intervals. */
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/telemetry.ts';
import type { MemoryLimiterConfig } from './config.ts';

type OnChange = (refusing: boolean, usedBytes: number) => void;

export interface MemoryGuard {
  refusing(): boolean;
  /** Calls `onChange` whenever refusing begins or ends, until the returned function is called. */
  subscribe(onChange: OnChange): () => void;
  /** Begins to measure, for the first of its users. */
  start(): void;
  /** Ends measuring when the last user stops. */
  stop(): void;
}

export interface MemoryGuardOptions {
  config: MemoryLimiterConfig;
  log: Logger;
  clock: Clock;
  totalBytes: number;
  usedBytes(): number;
  /** 0 to 1; a full JavaScript heap counts as reaching the hard limit. */
  heapFraction(): number;
  collect(): void;
}

const mib = 2 ** 20;

/**
 * below soft ──used > soft──► refusing, collecting now and then ──used > hard──► refusing, collecting more often
 *      ▲                                      │
 *      └────────────used <= soft──────────────┘
 *
 * A collection that does not bring use below the limit doubles the time to the next one, up to the configured maximum.
 */
export function createMemoryGuard(options: MemoryGuardOptions): MemoryGuard {
  const { config, log, clock, collect } = options;
  const { hardBytes, softBytes } = limitsOf(config, options.totalBytes);
  const usedBytes = () => Math.max(options.usedBytes(), options.heapFraction() * hardBytes);
  let refusing = false;
  let lastCollectMs = Number.NEGATIVE_INFINITY;
  let intervalMs = 0;
  let cancel: (() => void) | undefined;
  let users = 0;
  const subscribers = new Set<OnChange>();

  function check(): void {
    cancel = clock.after(config.check_interval, check);
    let used = usedBytes();
    if (used > softBytes) used = collectIfTime(used);
    else intervalMs = 0;
    if (refusing !== used > softBytes) {
      refusing = !refusing;
      for (const onChange of subscribers) onChange(refusing, used);
      const facts = {
        used_mib: Math.round(used / mib),
        soft_mib: Math.round(softBytes / mib),
        hard_mib: Math.round(hardBytes / mib),
      };
      if (refusing) log.warn('Memory usage is above soft limit. Refusing data.', facts);
      else log.info('Memory usage back within limits. Resuming normal operation.', facts);
    }
  }

  /** Memory use, after a collection where one is due. */
  function collectIfTime(used: number): number {
    const isHard = used > hardBytes;
    const minMs = isHard ? config.min_gc_interval_when_hard_limited : config.min_gc_interval_when_soft_limited;
    const maxMs = isHard ? config.max_gc_interval_when_hard_limited : config.max_gc_interval_when_soft_limited;
    const nowMs = clock.nowMs();
    if (nowMs - lastCollectMs < Math.min(Math.max(minMs, intervalMs), Math.max(minMs, maxMs))) return used;
    collect();
    lastCollectMs = clock.nowMs();
    const left = usedBytes();
    log.info('Memory usage is high. Forced a collection.', {
      before_mib: Math.round(used / mib),
      after_mib: Math.round(left / mib),
    });
    intervalMs = left > softBytes ? Math.max(config.check_interval, intervalMs * 2) : 0;
    return left;
  }

  return {
    refusing: () => refusing,
    subscribe(onChange) {
      subscribers.add(onChange);
      return () => void subscribers.delete(onChange);
    },
    start() {
      if (users++ > 0) return;
      log.info('Memory limiter configured', {
        limit_mib: Math.round(hardBytes / mib),
        spike_limit_mib: Math.round((hardBytes - softBytes) / mib),
        check_interval_ms: config.check_interval,
      });
      check();
    },
    stop() {
      users = Math.max(0, users - 1);
      if (users === 0) cancel?.();
    },
  };
}

function limitsOf(config: MemoryLimiterConfig, totalBytes: number): { hardBytes: number; softBytes: number } {
  const usesMib = config.limit_mib > 0;
  const hardBytes = usesMib ? config.limit_mib * mib : (totalBytes * config.limit_percentage) / 100;
  const spike = usesMib ? config.spike_limit_mib * mib : (totalBytes * config.spike_limit_percentage) / 100;
  return { hardBytes, softBytes: hardBytes - (spike > 0 ? spike : hardBytes / 5) };
}
