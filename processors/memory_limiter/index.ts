/** The memory_limiter processor: refuses data while the process uses too much memory. First in a pipeline. */
import { systemClock } from '../../component/clock.ts';
import { defineProcessor } from '../../component/define.ts';
import { retryable } from '../../component/errors.ts';
import { itemNames } from '../../pdata/batch.ts';
import { type MemoryLimiterConfig, memoryLimiterConfig } from './config.ts';
import { createMemoryGuard, type MemoryGuard, type MemoryGuardOptions } from './guard.ts';
import { collectGarbage, heapFraction, memoryUsedBytes, totalMemoryBytes } from './memory.ts';

export default defineProcessor({
  type: 'memory_limiter',
  description: 'Refuses data, for the sender to try again, while the process uses more memory than it may.',
  config: memoryLimiterConfig,
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'alpha' },
  create(context, signal, next) {
    const { id, config, log, meter } = context;
    const guard = sharedGuard(config, () => ({
      config,
      log,
      clock: systemClock,
      totalBytes: totalMemoryBytes(),
      usedBytes: memoryUsedBytes,
      heapFraction,
      collect: collectGarbage,
    }));
    const unsubscribe = guard.subscribe((refusing, usedBytes) => {
      if (refusing) context.reportStatus('recoverable_error', `memory use is high: ${usedBytes} bytes`);
      else context.reportStatus('ok');
    });
    const items = itemNames[signal];
    const labels = { processor: id };
    const name = (outcome: string) => `processor_memory_limiter_${outcome}_${items}`;
    const accepted = meter.counter(name('accepted'), 'Items let through.', labels);
    const refused = meter.counter(name('refused'), 'Items refused because memory use was high.', labels);
    return {
      async start() {
        guard.start();
      },
      async shutdown() {
        unsubscribe();
        guard.stop();
      },
      consume(batch) {
        if (guard.refusing()) {
          refused.add(batch.items);
          return Promise.reject(retryable('data refused due to high memory usage'));
        }
        accepted.add(batch.items);
        return next(batch);
      },
    };
  },
});

const guards = new WeakMap<MemoryLimiterConfig, MemoryGuard>();

/** The pipelines that name one memory_limiter have instances of their own, but memory is measured once for all. */
function sharedGuard(config: MemoryLimiterConfig, options: () => MemoryGuardOptions): MemoryGuard {
  const known = guards.get(config);
  if (known) return known;
  const guard = createMemoryGuard(options());
  guards.set(config, guard);
  return guard;
}
