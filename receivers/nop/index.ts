/** The nop receiver: receives nothing. For configurations that only need some receiver. */
import { z } from 'zod';
import { defineReceiver } from '../../component/define.ts';

export default defineReceiver({
  type: 'nop',
  description: 'Receives nothing; stands in where a pipeline must have a receiver.',
  config: z.strictObject({}),
  signals: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'alpha' },
  create: () => ({}),
});
