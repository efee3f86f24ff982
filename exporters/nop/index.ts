/** The nop exporter: accepts everything and keeps nothing. */
import { z } from 'zod';
import { defineExporter } from '../../component/define.ts';

const accepted = Promise.resolve();

export default defineExporter({
  type: 'nop',
  description: 'Accepts all data and keeps none, for tests and benchmarks of what stands before it.',
  config: z.strictObject({}),
  signals: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'alpha' },
  create: () => ({
    consume(batch) {
      batch.release();
      return accepted;
    },
  }),
});
