/** Options of the `batch` processor, with the names and defaults of the OpenTelemetry Collector. */
import { z } from 'zod';
import { duration } from '../../component/schemas/duration.ts';
import { size } from '../../component/schemas/size.ts';

const notSupported = (message: string) =>
  z.any().refine((value) => Array.isArray(value) && value.length === 0, { message });

export const batchConfig = z
  .strictObject({
    send_batch_size: z
      .int()
      .min(0)
      .default(8192)
      .describe(
        'A batch is sent when it holds so many spans, points or records. Larger means fewer, cheaper requests, later.',
      ),
    timeout: duration('200ms').describe('A smaller batch is sent when it is this old. 0s sends everything at once.'),
    send_batch_max_size: z
      .int()
      .min(0)
      .default(0)
      .describe('Larger batches are split, which costs decoding them. 0 means no limit.'),
    memory_limit: size('16MiB').describe(
      'So many bytes are held for each signal; beyond it data has to wait, or is refused while the next consumer refuses. Larger survives longer outages.',
    ),
    metadata_keys: notSupported(
      'batches by client metadata are not supported in this version, because metadata of requests is not kept; remove metadata_keys',
    )
      .default([])
      .describe('Not supported in this version: request metadata is not kept.'),
    metadata_cardinality_limit: z.int().min(0).default(1000).describe('Has no effect without metadata_keys.'),
  })
  .refine((config) => config.send_batch_max_size === 0 || config.send_batch_max_size >= config.send_batch_size, {
    message: 'send_batch_max_size must be greater or equal to send_batch_size',
    path: ['send_batch_max_size'],
  });

export type BatchConfig = z.output<typeof batchConfig>;
