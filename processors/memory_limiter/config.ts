/** Options of the `memory_limiter` processor, with the names and defaults of the OpenTelemetry Collector. */
import { z } from 'zod';
import { duration } from '../../component/schemas/duration.ts';

const percentage = z.int().min(0).max(100).default(0);
const mebibytes = z.int().min(0).default(0);

export const memoryLimiterConfig = z
  .strictObject({
    check_interval: duration('0s').describe(
      'How often memory is measured; must be set, 1s is recommended. Shorter reacts faster to bursts and costs a little.',
    ),
    limit_mib: mebibytes.describe('The hard limit in MiB of what the process may use. Goes before limit_percentage.'),
    spike_limit_mib: mebibytes.describe(
      'The soft limit, at which data is refused, is this much below the hard one. 0 means a fifth of the limit.',
    ),
    limit_percentage: percentage.describe('The hard limit as a percentage of the memory of the machine or container.'),
    spike_limit_percentage: percentage.describe('spike_limit_mib as a percentage of that memory.'),
    min_gc_interval_when_soft_limited: duration('10s').describe(
      'Shortest time between forced collections above the soft limit.',
    ),
    min_gc_interval_when_hard_limited: duration('0s').describe(
      'Shortest time between forced collections above the hard limit.',
    ),
    max_gc_interval_when_soft_limited: duration('30s').describe(
      'Collections that free little are repeated ever more rarely, at the latest after this time, above the soft limit.',
    ),
    max_gc_interval_when_hard_limited: duration('30s').describe('The same above the hard limit.'),
  })
  .superRefine((config, context) => {
    const report = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path });
    if (config.check_interval === 0) {
      report("'check_interval' must be greater than zero; 1s is recommended", ['check_interval']);
    }
    if (config.limit_mib === 0 && config.limit_percentage === 0) {
      report("'limit_mib' or 'limit_percentage' must be greater than zero");
    }
    if (config.limit_mib > 0 && config.spike_limit_mib >= config.limit_mib) {
      report("'spike_limit_mib' must be smaller than 'limit_mib'", ['spike_limit_mib']);
    }
    if (
      config.limit_mib === 0 &&
      config.limit_percentage > 0 &&
      config.spike_limit_percentage >= config.limit_percentage
    ) {
      report("'spike_limit_percentage' must be smaller than 'limit_percentage'", ['spike_limit_percentage']);
    }
  });

export type MemoryLimiterConfig = z.output<typeof memoryLimiterConfig>;
