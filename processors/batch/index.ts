/** The batch processor: joins small batches into larger ones. */
import { systemClock } from '../../component/clock.ts';
import { defineProcessor } from '../../component/define.ts';
import { createBatcher } from './batcher.ts';
import { batchConfig } from './config.ts';

export default defineProcessor({
  type: 'batch',
  description:
    'Joins data into larger batches by size and age. Acknowledges data once it holds it in memory, but never drops what the next consumer may take later.',
  config: batchConfig,
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'alpha' },
  create: (context, signal, next) => createBatcher({ context, signal, next, clock: systemClock }),
});
