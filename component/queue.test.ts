import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../pdata/batch.ts';
import { isPermanent, permanent, retryable } from './errors.ts';
import { createQueuedSender, type QueuedSenderOptions } from './queue.ts';
import { sendingQueue } from './schemas/queue.ts';
import { retryOnFailure } from './schemas/retry.ts';
import { sampleBatch } from './testing/batches.ts';
import { createTestClock } from './testing/clock.ts';
import { createTestContext } from './testing/context.ts';

interface Setup {
  queue?: object;
  retry?: object;
  timeoutMs?: number;
  send?: QueuedSenderOptions['send'];
}

function setUp({ queue = {}, retry = {}, timeoutMs = 0, send }: Setup) {
  const context = createTestContext(undefined, { id: 'otlp_grpc' });
  const clock = createTestClock();
  const sent: Batch[] = [];
  const sender = createQueuedSender({
    context,
    clock,
    timeoutMs,
    queue: sendingQueue().parse(queue),
    retry: retryOnFailure().parse(retry),
    send: async (batch, abort) => {
      await send?.(batch, abort);
      sent.push(batch);
    },
  });
  return { context, clock, sender, sent };
}

/** A peer that answers when the test says so. */
function heldPeer() {
  const answers: ((error?: unknown) => void)[] = [];
  const send = () =>
    new Promise<void>((resolve, reject) => {
      answers.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  return { answers, send };
}

test('acknowledges when queued, sends in order, counts what was sent', async () => {
  const { sender, sent, context, clock } = setUp({ queue: { num_consumers: 1 } });
  await sender.consume(sampleBatch('traces', 3, 'first'));
  await sender.consume(sampleBatch('traces', 2, 'second'));
  await clock.advance(0);
  assert.deepEqual(
    sent.map((batch) => batch.items),
    [3, 2],
  );
  assert.equal(context.metric('exporter_sent_spans', { exporter: 'otlp_grpc' }), 5);
});

test('a full queue refuses with a retryable error that upstream users know', async () => {
  const { send } = heldPeer();
  const { sender, context } = setUp({ queue: { queue_size: 2 }, send });
  await sender.consume(sampleBatch('logs', 4));
  await sender.consume(sampleBatch('logs', 4));
  await assert.rejects(sender.consume(sampleBatch('logs', 4)), (error: Error) => {
    assert.match(error.message, /sending queue is full/);
    return !isPermanent(error);
  });
  assert.equal(context.metric('exporter_enqueue_failed_log_records'), 4);
  assert.equal(context.metric('exporter_queue_size', { data_type: 'logs' }), 2);
  assert.equal(context.metric('exporter_queue_capacity', { data_type: 'logs' }), 2);
  assert.equal(context.metric('exporter_in_flight_requests'), 2);
});

test('a full queue lets senders wait when block_on_overflow is set', async () => {
  const { send, answers } = heldPeer();
  const { sender, clock } = setUp({ queue: { queue_size: 1, block_on_overflow: true }, send });
  await sender.consume(sampleBatch('logs'));
  let taken = false;
  const second = sender.consume(sampleBatch('logs')).then(() => {
    taken = true;
  });
  await clock.advance(0);
  assert.equal(taken, false);
  answers[0]!();
  await second;
  assert.equal(taken, true);
});

test('bytes are bounded whatever queue_size counts, and one batch larger than the bound passes alone', async () => {
  const { sender } = setUp({ queue: { memory_limit: 10 }, send: () => Promise.reject(retryable('not now')) });
  await sender.consume(sampleBatch('traces'));
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(sender.consume(sampleBatch('traces')), /sending queue is full/);
  await sender.consume(sampleBatch('logs'));
});

test('while the peer takes data senders wait for it instead of filling the queue', async () => {
  const { send, answers } = heldPeer();
  const { sender, clock } = setUp({ queue: { memory_limit: 10 }, send });
  await sender.consume(sampleBatch('traces'));
  let taken = false;
  const second = sender.consume(sampleBatch('traces')).then(() => {
    taken = true;
  });
  await clock.advance(0);
  assert.equal(taken, false);
  answers[0]!();
  await second;
  assert.equal(taken, true);
});

test('a batch that can never fit is refused for good', async () => {
  const { sender } = setUp({ queue: { sizer: 'items', queue_size: 5 } });
  await assert.rejects(sender.consume(sampleBatch('traces', 6)), isPermanent);
  await sender.consume(sampleBatch('traces', 5));
});

test('wait_for_result acknowledges with the outcome of sending', async () => {
  const failure = permanent('the peer said no');
  const { sender } = setUp({ queue: { wait_for_result: true }, send: async () => Promise.reject(failure) });
  await assert.rejects(sender.consume(sampleBatch('traces')), failure);
});

test('repeats with growing waits until the peer takes it, and reports the trouble once', async () => {
  let failures = 2;
  const { sender, clock, sent, context } = setUp({
    send: async () => {
      if (failures-- > 0) throw retryable('not now');
    },
  });
  await sender.consume(sampleBatch('metrics', 2));
  await clock.advance(4999);
  assert.equal(failures, 1);
  await clock.advance(1);
  assert.equal(failures, 0);
  await clock.advance(7499);
  assert.equal(sent.length, 0);
  await clock.advance(1);
  assert.equal(sent.length, 1);
  assert.deepEqual(context.statuses, [
    { status: 'recoverable_error', message: 'not now' },
    { status: 'ok', message: undefined },
  ]);
});

test('waits at least as long as the peer asks', async () => {
  let failed = false;
  const { sender, clock, sent } = setUp({
    send: async () => {
      if (!failed) {
        failed = true;
        throw retryable('busy', { retryAfterMs: 60_000 });
      }
    },
  });
  await sender.consume(sampleBatch('traces'));
  await clock.advance(59_999);
  assert.equal(sent.length, 0);
  await clock.advance(1);
  assert.equal(sent.length, 1);
});

test('drops what is permanent at once and what fails too long in the end, counted and logged', async () => {
  for (const error of [permanent('bad data'), retryable('down')]) {
    const { sender, clock, context } = setUp({
      send: async () => Promise.reject(error),
      retry: { max_elapsed_time: '20s' },
    });
    await sender.consume(sampleBatch('traces', 7));
    await clock.advance(error.permanent ? 0 : 20_000);
    assert.equal(context.metric('exporter_send_failed_spans'), 7);
    assert.equal(context.metric('exporter_queue_size'), 0);
    const line = context.logged.find(({ message }) => message === 'Exporting failed. Dropping data.');
    assert.equal(line?.fields.dropped_items, 7);
  }
});

test('an attempt that takes longer than the timeout is aborted and repeated', async () => {
  let aborts = 0;
  const { sender, clock, context } = setUp({
    timeoutMs: 1000,
    send: (_batch, abort) =>
      new Promise((resolve, reject) => {
        if (aborts > 0) resolve();
        abort.addEventListener('abort', () => {
          aborts++;
          reject(new Error('aborted'));
        });
      }),
  });
  await sender.consume(sampleBatch('traces'));
  await clock.advance(1000);
  assert.equal(aborts, 1);
  await clock.advance(5000);
  assert.equal(context.metric('exporter_sent_spans'), 1);
  assert.match(String(context.statuses[0]?.message), /no answer within 1s/);
});

test('a queue that is off makes the sender wait for the peer and gives it the error', async () => {
  const { sender, sent } = setUp({ queue: { enabled: false } });
  await sender.consume(sampleBatch('traces'));
  assert.equal(sent.length, 1);
  const failing = setUp({
    queue: { enabled: false },
    retry: { enabled: false },
    send: async () => Promise.reject(retryable('down')),
  });
  await assert.rejects(failing.sender.consume(sampleBatch('traces')), /down/);
  assert.equal(failing.context.metric('exporter_send_failed_spans'), 1);
});

test('joins small batches by size, and by age when they stay small', async () => {
  const { sender, sent, clock, context } = setUp({ queue: { batch: { min_size: 10, flush_timeout: '200ms' } } });
  for (const items of [4, 4, 4]) await sender.consume(sampleBatch('logs', items));
  await clock.advance(0);
  assert.deepEqual(
    sent.map((batch) => batch.items),
    [12],
  );
  await sender.consume(sampleBatch('logs', 3));
  await clock.advance(199);
  assert.equal(sent.length, 1);
  await clock.advance(1);
  assert.deepEqual(
    sent.map((batch) => batch.items),
    [12, 3],
  );
  assert.equal(context.metric('exporter_queue_size'), 0);
});

test('splits large batches, and acknowledges the whole by all of its parts', async () => {
  const { send, answers } = heldPeer();
  const { sender, clock } = setUp({ queue: { wait_for_result: true, batch: { min_size: 1, max_size: 4 } }, send });
  let settled = false;
  const done = sender.consume(sampleBatch('traces', 10)).finally(() => {
    settled = true;
  });
  await clock.advance(0);
  assert.equal(answers.length, 3);
  answers[0]!();
  answers[1]!(permanent('one part failed'));
  await clock.advance(0);
  assert.equal(settled, false);
  answers[2]!();
  await assert.rejects(done, /one part failed/);
});

test('requests of profiles are not joined, because each has a dictionary of its own', async () => {
  const { sender, sent, clock } = setUp({ queue: { batch: { min_size: 100 } } });
  await sender.consume(sampleBatch('profiles', 2));
  await sender.consume(sampleBatch('profiles', 3));
  await clock.advance(0);
  assert.deepEqual(
    sent.map((batch) => batch.items),
    [2, 3],
  );
});

test('shutdown sends what is queued, without waiting between attempts', async () => {
  let down = true;
  const { sender, sent, clock } = setUp({
    queue: { num_consumers: 1, batch: { min_size: 1, flush_timeout: '1h' } },
    send: async () => {
      if (down) throw retryable('down');
    },
  });
  for (let count = 0; count < 5; count++) await sender.consume(sampleBatch('traces'));
  await clock.advance(0);
  down = false;
  await sender.shutdown();
  assert.equal(sent.length, 5);
  await assert.rejects(sender.consume(sampleBatch('traces')), (error) => !isPermanent(error));
});

test('shutdown ends in time when the peer does not answer, and says what was lost', async () => {
  const { sender, context, clock } = setUp({
    queue: { num_consumers: 1 },
    send: (_batch, abort) =>
      new Promise((_, reject) => {
        abort.addEventListener('abort', () => reject(new Error('aborted')));
      }),
  });
  for (let count = 0; count < 3; count++) await sender.consume(sampleBatch('traces', 2));
  const stopped = sender.shutdown();
  await clock.advance(5000);
  await stopped;
  assert.equal(context.metric('exporter_send_failed_spans'), 6);
});
