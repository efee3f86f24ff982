import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPermanent, permanent, retryable } from '../../component/errors.ts';
import { sampleBatch } from '../../component/testing/batches.ts';
import { createTestClock } from '../../component/testing/clock.ts';
import { createTestContext } from '../../component/testing/context.ts';
import type { Batch, Signal } from '../../pdata/batch.ts';
import { createBatcher } from './batcher.ts';
import { batchConfig } from './config.ts';

function setUp(config: object, options: { signal?: Signal; next?: (batch: Batch) => Promise<void> } = {}) {
  const context = createTestContext(batchConfig.parse(config), { id: 'batch' });
  const clock = createTestClock();
  const sent: Batch[] = [];
  const next = async (batch: Batch) => {
    await options.next?.(batch);
    sent.push(batch);
  };
  const batcher = createBatcher({ context, signal: options.signal ?? 'traces', next, clock });
  return { batcher, clock, context, sent, sizes: () => sent.map((batch) => batch.items) };
}

test('acknowledges at once, sends when large enough', async () => {
  const { batcher, sizes, clock, context } = setUp({ send_batch_size: 10 });
  for (const items of [4, 4]) await batcher.consume(sampleBatch('traces', items));
  await clock.advance(0);
  assert.deepEqual(sizes(), []);
  await batcher.consume(sampleBatch('traces', 4));
  await clock.advance(0);
  assert.deepEqual(sizes(), [12]);
  assert.equal(context.metric('processor_batch_batch_size_trigger_send'), 1);
});

test('sends what is small when it is old enough, counted from its first data', async () => {
  const { batcher, sizes, clock, context } = setUp({});
  await batcher.consume(sampleBatch('traces', 1));
  await clock.advance(150);
  await batcher.consume(sampleBatch('traces', 1));
  await clock.advance(49);
  assert.deepEqual(sizes(), []);
  await clock.advance(1);
  assert.deepEqual(sizes(), [2]);
  assert.equal(context.metric('processor_batch_timeout_trigger_send'), 1);
});

test('timeout 0s sends everything at once', async () => {
  const { batcher, sizes, clock } = setUp({ timeout: '0s' });
  await batcher.consume(sampleBatch('traces', 1));
  await clock.advance(0);
  assert.deepEqual(sizes(), [1]);
});

test('splits what is larger than send_batch_max_size', async () => {
  const { batcher, sizes, clock } = setUp({ send_batch_size: 4, send_batch_max_size: 5 });
  await batcher.consume(sampleBatch('traces', 12));
  await clock.advance(0);
  assert.deepEqual(sizes(), [5, 5, 2]);
});

test('does not join profiles, whose dictionaries are per request', async () => {
  const { batcher, sizes, clock } = setUp({}, { signal: 'profiles' });
  await batcher.consume(sampleBatch('profiles', 2));
  await batcher.consume(sampleBatch('profiles', 3));
  await clock.advance(200);
  assert.deepEqual(sizes(), [2, 3]);
});

test('keeps what the next consumer refuses, and hands it on when it takes it again', async () => {
  let refusals = 3;
  const { batcher, sizes, clock, context } = setUp(
    { timeout: '0s' },
    {
      next: async () => {
        if (refusals-- > 0) throw retryable('queue is full');
      },
    },
  );
  await batcher.consume(sampleBatch('traces', 5));
  await clock.advance(10_000);
  assert.deepEqual(sizes(), [5]);
  assert.deepEqual(
    context.statuses.map(({ status }) => status),
    ['recoverable_error', 'ok'],
  );
});

test('refuses new data when its memory is full because the next consumer refuses', async () => {
  const { batcher, clock } = setUp(
    { timeout: '0s', memory_limit: 10 },
    { next: async () => Promise.reject(retryable('down')) },
  );
  await batcher.consume(sampleBatch('traces', 1));
  await clock.advance(1);
  await assert.rejects(batcher.consume(sampleBatch('traces', 1)), (error: Error) => {
    assert.match(error.message, /full, because the next consumer refuses: down/);
    return !isPermanent(error);
  });
});

test('makes the sender wait when its memory is full because the next consumer is slow', async () => {
  let finish = () => {};
  const { batcher, clock, sizes } = setUp(
    { timeout: '0s', memory_limit: 10 },
    {
      next: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    },
  );
  await batcher.consume(sampleBatch('traces', 1));
  let taken = false;
  const second = batcher.consume(sampleBatch('traces', 2)).then(() => {
    taken = true;
  });
  await clock.advance(0);
  assert.equal(taken, false);
  finish();
  await second;
  await clock.advance(0);
  finish();
  await clock.advance(0);
  assert.deepEqual(sizes(), [1, 2]);
});

test('requests do not grow with what piles up before a slow consumer', async () => {
  let finish = () => {};
  const { batcher, clock, sizes } = setUp(
    { send_batch_size: 2 },
    {
      next: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    },
  );
  for (let count = 0; count < 7; count++) await batcher.consume(sampleBatch('traces', 1));
  for (let count = 0; count < 4; count++) {
    await clock.advance(200);
    finish();
  }
  await clock.advance(0);
  assert.deepEqual(sizes(), [2, 2, 2, 1]);
});

test('drops what can never be taken, counted and logged, and goes on', async () => {
  const { batcher, clock, context, sizes } = setUp(
    { timeout: '0s' },
    { next: async (batch) => (batch.items === 3 ? Promise.reject(permanent('bad')) : undefined) },
  );
  await batcher.consume(sampleBatch('traces', 3));
  await clock.advance(0);
  await batcher.consume(sampleBatch('traces', 1));
  await clock.advance(0);
  assert.deepEqual(sizes(), [1]);
  assert.equal(context.metric('processor_batch_dropped_spans'), 3);
  assert.equal(context.logged.find(({ level }) => level === 'error')?.fields.dropped_items, 3);
});

test('shutdown hands on what it holds, then takes no more', async () => {
  const { batcher, sizes } = setUp({});
  await batcher.consume(sampleBatch('traces', 3));
  await batcher.shutdown!();
  assert.deepEqual(sizes(), [3]);
  await assert.rejects(batcher.consume(sampleBatch('traces', 1)), (error) => !isPermanent(error));
});

test('shutdown tries on while the next consumer refuses, but not for ever', async () => {
  const { batcher, clock, context } = setUp({}, { next: async () => Promise.reject(retryable('down')) });
  await batcher.consume(sampleBatch('traces', 3));
  const stopped = batcher.shutdown!();
  await clock.advance(5000);
  await stopped;
  assert.equal(context.metric('processor_batch_dropped_spans'), 3);
});

const wrong: [string, object, RegExp][] = [
  [
    'a maximum below the trigger',
    { send_batch_size: 10, send_batch_max_size: 5 },
    /greater or equal to send_batch_size/,
  ],
  ['metadata keys', { metadata_keys: ['tenant'] }, /not supported in this version/],
];
for (const [what, config, message] of wrong) {
  test(`does not accept ${what}`, () => {
    assert.match(batchConfig.safeParse(config).error!.message, message);
  });
}
