/** The `sending_queue` block of exporters, with the names and defaults of the OpenTelemetry Collector. */
import { z } from 'zod';
import { duration } from './duration.ts';
import { size } from './size.ts';

const batch = z
  .strictObject({
    flush_timeout: duration('200ms').describe('A smaller batch is sent anyway when its oldest data is this old.'),
    min_size: z
      .int()
      .min(0)
      .default(8192)
      .describe(
        'Data is joined until it has this size, counted by `sizer`. Larger means fewer, cheaper requests, later.',
      ),
    max_size: z
      .int()
      .min(0)
      .default(0)
      .describe('Larger batches are split into requests of at most this size, counted by `sizer`. 0 means no limit.'),
    sizer: z
      .enum(['items', 'bytes'])
      .default('items')
      .describe('What `min_size` and `max_size` count: spans, points or records, or bytes of their OTLP form.'),
  })
  .refine((config) => config.max_size === 0 || config.max_size >= config.min_size, {
    message: 'max_size must be 0 or at least min_size',
    path: ['max_size'],
  });

const block = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Whether data waits in memory for its turn. When false, the sender waits until the peer has taken its data.',
      ),
    num_consumers: z
      .int()
      .min(1)
      .default(10)
      .describe(
        'How many requests are under way at once for each signal. Larger hides a slow network, at the price of memory.',
      ),
    queue_size: z
      .int()
      .min(1)
      .default(1000)
      .describe(
        'How much each signal may have waiting or under way, counted by `sizer`. Beyond it new data is refused.',
      ),
    sizer: z
      .enum(['requests', 'items', 'bytes'])
      .default('requests')
      .describe('What `queue_size` counts: batches, spans/points/records, or bytes of their OTLP form.'),
    memory_limit: size('128MiB').describe(
      'Whatever `sizer` counts, each signal never holds more bytes than this (a single larger batch is taken only when nothing else is held). Larger survives longer outages; it is the memory they cost.',
    ),
    block_on_overflow: z
      .boolean()
      .default(false)
      .describe('When full: true lets the sender wait (back-pressure), false refuses the data with a retryable error.'),
    wait_for_result: z
      .boolean()
      .default(false)
      .describe('True acknowledges data only when the peer has taken it, not when it is queued.'),
    storage: z
      .any()
      .optional()
      .refine((value) => value === undefined || value === null, {
        message:
          'a sending_queue on disk is not supported in this version; remove `storage` (the clickhouse exporter keeps its own spool on disk, no setting needed)',
      })
      .describe(
        'Not supported in this version: the queue is in memory. The clickhouse exporter has its own spool on disk.',
      ),
    batch: batch.optional().describe('When present, queued data is joined into larger requests before it is sent.'),
  })
  .refine(
    (config) => !config.batch || config.sizer !== config.batch.sizer || config.batch.min_size <= config.queue_size,
    {
      message: 'min_size must not be larger than queue_size, or the batch would never fill',
      path: ['batch', 'min_size'],
    },
  );

export type QueueConfig = z.output<typeof block>;

/** `sending_queue: sendingQueue()` of an exporter's schema. */
export function sendingQueue() {
  return block.prefault({}).describe('Where data waits, in memory, for its turn to be sent.');
}
