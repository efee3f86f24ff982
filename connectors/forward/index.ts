/** The forward connector: hands the data of some pipelines on to others of the same signal. */
import { z } from 'zod';
import { defineConnector } from '../../component/define.ts';
import { permanent } from '../../component/errors.ts';

export default defineConnector({
  type: 'forward',
  description: 'Hands data from one pipeline on to others of the same signal, to merge pipelines or to fork them.',
  config: z.strictObject({}),
  signals: {
    traces: { traces: 'beta' },
    metrics: { metrics: 'beta' },
    logs: { logs: 'beta' },
    profiles: { profiles: 'alpha' },
  },
  create: (context, next) => ({
    consume(batch) {
      const consumer = next[batch.signal];
      if (!consumer)
        return Promise.reject(permanent(`connector ${context.id} leads to no pipeline of ${batch.signal}`));
      return consumer(batch);
    },
  }),
});
