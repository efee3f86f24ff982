/** Options of the `red` connector. */
import { z } from 'zod';
import { duration } from '../../component/schemas/duration.ts';
import { size } from '../../component/schemas/size.ts';
import { redIntervals } from '../../pdata/schema/red-metrics.ts';

export const redConfig = z.strictObject({
  intervals: z
    .array(z.enum(redIntervals))
    .min(1)
    .refine((list) => new Set(list).size === list.length, { message: 'names an interval twice' })
    .default([...redIntervals])
    .describe(
      'Lengths of the windows: 1s, 1m, or both. Each is a set of series of its own, told apart by the attribute deepflow.interval; leaving one out saves its memory and its table.',
    ),
  allowed_lateness: duration('3s').describe(
    'How long a window stays open after its end. Larger lets slow senders count where they belong, and shows figures later; what comes still later is counted in the oldest open window.',
  ),
  max_series: z
    .int()
    .min(10)
    .max(1_000_000)
    .default(20_000)
    .describe(
      'Series in open windows at once. Beyond it new ones are counted together in one series with otel.metric.overflow. A series of calls takes about 1 kB in each open window, one of flows up to 5 kB.',
    ),
  max_values: z
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe(
      'Endpoints, clients and servers that each service may have at once. Further ones are called _OTHER, in series with otel.metric.overflow whose sums still agree.',
    ),
  memory_limit: size('64MiB').describe(
    'Bytes of finished windows that wait for the next consumer. Beyond it data has to wait, which slows its sender down.',
  ),
});

export type RedConfig = z.output<typeof redConfig>;
