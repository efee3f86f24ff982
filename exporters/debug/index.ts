/** The debug exporter: prints data for a person to read. */
import { writeSync } from 'node:fs';
import { z } from 'zod';
import { defineExporter } from '../../component/define.ts';
import { describeBatch } from './describe.ts';
import { createOutput } from './output.ts';
import { createSampler } from './sampler.ts';

const debugConfig = z.strictObject({
  verbosity: z
    .enum(['basic', 'normal', 'detailed'])
    .default('basic')
    .describe('basic prints a line per batch, normal a line per span, point or record, detailed everything they hold.'),
  sampling_initial: z.int().min(0).default(2).describe('So many batches are printed each second.'),
  sampling_thereafter: z
    .int()
    .min(0)
    .default(1)
    .describe('After them every n-th of that second is printed; 0 prints no more.'),
  use_internal_logger: z
    .boolean()
    .default(true)
    .describe('True prints to stderr, among the log lines; false to `output_paths`.'),
  output_paths: z
    .array(z.string())
    .default(['stdout'])
    .describe('stdout, stderr or files, when use_internal_logger is false.'),
});

export default defineExporter({
  type: 'debug',
  description: 'Prints data to the console, to see what flows through a pipeline.',
  config: debugConfig,
  signals: { traces: 'alpha', metrics: 'alpha', logs: 'alpha', profiles: 'development' },
  create({ id, config, log }) {
    const output = createOutput(config.use_internal_logger ? ['stderr'] : config.output_paths, writeSync);
    const sampled = createSampler(config.sampling_initial, config.sampling_thereafter);
    return {
      async start() {
        output.open();
      },
      async consume(batch) {
        if (!sampled()) return;
        try {
          output.write(describeBatch(batch, config.verbosity, id));
        } catch (error) {
          log.warn('A batch could not be printed.', { error: (error as Error).message });
        }
      },
      async shutdown() {
        output.close();
      },
    };
  },
});
