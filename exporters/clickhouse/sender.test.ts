/** The sender against the real engine, with segments that no repetition can store. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createStoreClient } from '../../clickhouse/client.ts';
import { openTestStore } from '../../clickhouse/embedded/testing/store.ts';
import { createEncoderMemory, type MessageGroup } from '../../clickhouse/inserts.ts';
import { migrate } from '../../clickhouse/migrations.ts';
import { systemClock } from '../../component/clock.ts';
import { sampleBatch } from '../../component/testing/batches.ts';
import { createTestContext } from '../../component/testing/context.ts';
import type { Signal } from '../../pdata/batch.ts';
import { type DeliveryError, whenPutAside } from './delivery-error.ts';
import type { Segment } from './segment-writer.ts';
import { runSender } from './sender.ts';
import { createSpool, type Spool } from './spool.ts';

interface Outcome {
  sent: number;
  failures: string[];
  rejected: { items: number; movedTo: string | undefined; error: DeliveryError }[];
}

/** Sends two segments, 3 items and then 2, whose first one `read` reads; gives what was told and what the store has. */
async function sendTwo(
  t: TestContext,
  signal: Signal,
  table: string,
  read: (spool: Spool, segment: Segment) => Iterable<MessageGroup>,
) {
  const store = await openTestStore(t);
  const client = createStoreClient({
    endpoint: `unix:${store.socketPath}`,
    username: 'default',
    password: '',
    compression: 'none',
    timeoutMs: 20_000,
  });
  t.after(() => client.close());
  await migrate(client, { cluster: '', database: 'otel', ttlSeconds: 0 });
  const directory = mkdtempSync(join(tmpdir(), 'sender-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const spool = createSpool({
    directory,
    worker: { index: 0, count: 1 },
    maxBytes: 1 << 30,
    maxRejectedBytes: 1 << 20,
    fsync: false,
    maxItems: 1,
    maxSegmentBytes: 1 << 20,
    flushIntervalMs: 60_000,
    log: createTestContext({}).log,
    whyWaiting: () => '',
  });
  await spool.open();
  await spool.append(sampleBatch(signal, 3, 'first'));
  await spool.append(sampleBatch(signal, 2, 'second'));
  await spool.seal();
  const first = await spool.next(signal);

  const outcome: Outcome = { sent: 0, failures: [], rejected: [] };
  await runSender({
    signal,
    client,
    database: 'otel',
    spool: { ...spool, read: (segment) => (segment === first ? read(spool, segment) : spool.read(segment)) },
    memory: createEncoderMemory(1000, 1 << 20),
    clock: systemClock,
    initialIntervalMs: 1,
    maxIntervalMs: 5,
    ready: async () => {},
    schemaMissing() {},
    onSent(items) {
      outcome.sent += items;
    },
    onFailure(error) {
      outcome.failures.push(error.message);
    },
    onRejected(items, _, movedTo, error) {
      outcome.rejected.push({ items, movedTo, error });
    },
    signalToStop: new AbortController().signal,
  });
  await spool.close();
  const [row] = await client.query<{ c: string }>(`SELECT count() AS c FROM otel.${table}`);
  const asideDirectory = join(directory, 'worker-0', 'rejected');
  return { ...outcome, stored: Number(row!.c), aside: readdirSync(asideDirectory), left: spool.sizeBytes() };
}

/** Messages that no receiver lets in: they stand for a mistake of the encoder. */
const impossible = { messages: [undefined as unknown as Uint8Array], items: [7] };

for (const [signal, table, named] of [
  // Spans are encoded while the request takes them, points before it begins.
  ['traces', 'spans', /^table spans cannot be encoded for ClickHouse: TypeError: /],
  ['metrics', 'samples', /^metrics cannot be encoded for ClickHouse: TypeError: /],
] as const) {
  test(`${signal} that cannot be encoded are put aside at once, counted, and hold up nothing`, async (t) => {
    const { sent, failures, rejected, stored, aside, left } = await sendTwo(
      t,
      signal,
      table,
      function* (spool, segment) {
        if (signal === 'traces') yield* spool.read(segment);
        yield impossible;
      },
    );
    assert.deepEqual(failures, [], 'nothing is tried again');
    assert.equal(rejected.length, 1);
    const [{ items, movedTo, error }] = rejected as [Outcome['rejected'][0]];
    assert.equal(items, signal === 'traces' ? 10 : 7);
    assert.match(error.message, named);
    assert.match(
      whenPutAside(error, movedTo),
      /put aside\. Please report it with the file\. After an upgrade move the file back/,
    );
    assert.equal(aside.length, 1);
    assert.equal(sent, 2);
    assert.equal(stored, 2, 'nothing of the segment that broke off');
    assert.equal(left, 0);
  });
}

test('a spool file that cannot be read is tried again, put aside, and never called an unreachable server', async (t) => {
  const { sent, failures, rejected, stored, aside } = await sendTwo(t, 'traces', 'spans', function* (spool, segment) {
    yield* spool.read(segment);
    throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
  });
  assert.equal(failures.length, 9);
  for (const message of failures)
    assert.match(message, /^spool file .*\.segment cannot be used \(EIO: .*check the disk/);
  assert.equal(rejected[0]!.items, 3);
  assert.equal(aside.length, 1);
  assert.deepEqual([sent, stored], [2, 2]);
});

test('a spool file that somebody deleted is told as lost, and the rest goes on', async (t) => {
  const { sent, rejected, aside, left } = await sendTwo(t, 'traces', 'spans', (spool, segment) => {
    rmSync(segment.path, { force: true });
    return spool.read(segment);
  });
  const [{ movedTo, error }] = rejected as [Outcome['rejected'][0]];
  assert.match(error.message, /ENOENT/);
  assert.match(whenPutAside(error, movedTo), /is gone and what it held is lost/);
  assert.deepEqual([sent, aside.length, left], [2, 0, 0]);
});
