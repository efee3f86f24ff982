import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPermanent } from '../../component/errors.ts';
import { sampleBatch } from '../../component/testing/batches.ts';
import { createTestContext } from '../../component/testing/context.ts';
import memoryLimiter from './index.ts';

async function consumeUnder(limitMib: number) {
  const config = memoryLimiter.config.parse({ check_interval: '1h', limit_mib: limitMib });
  const context = createTestContext(config, { id: 'memory_limiter' });
  let taken = 0;
  const processor = memoryLimiter.create(context, 'traces', async (batch) => {
    taken += batch.items;
  });
  await processor.start!();
  const error = await processor.consume(sampleBatch('traces', 3)).catch((reason: Error) => reason);
  await processor.shutdown!();
  return { error, taken, context };
}

test('refuses with a retryable error when this very process is above its limit', async () => {
  const { error, taken, context } = await consumeUnder(1);
  assert.equal((error as Error).message, 'data refused due to high memory usage');
  assert.equal(isPermanent(error), false);
  assert.equal(taken, 0);
  assert.equal(context.metric('processor_memory_limiter_refused_spans'), 3);
});

test('lets data through below it', async () => {
  const { error, taken, context } = await consumeUnder(1_000_000);
  assert.equal(error, undefined);
  assert.equal(taken, 3);
  assert.equal(context.metric('processor_memory_limiter_accepted_spans'), 3);
});
