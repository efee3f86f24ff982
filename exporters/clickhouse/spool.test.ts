/** The spool's files: what was acknowledged survives kills and torn writes; what does not fit is refused, not dropped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sampleBatch } from '../../component/testing/batches.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { readRecords } from './record.ts';
import type { Segment } from './segment-writer.ts';
import { createSpool, type Spool, type SpoolOptions } from './spool.ts';

const { log } = createTestContext({});

function temporary(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'spool-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function openSpool(context: TestContext, directory: string, options: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = createSpool({
    directory,
    worker: { index: 0, count: 1 },
    maxBytes: 1 << 30,
    maxRejectedBytes: 1 << 20,
    fsync: false,
    maxItems: 1000,
    maxSegmentBytes: 1 << 20,
    flushIntervalMs: 60_000,
    log,
    whyWaiting: () => 'ClickHouse is away',
    ...options,
  });
  await spool.open();
  context.after(() => spool.close());
  return spool;
}

const segmentsIn = (directory: string) =>
  readdirSync(join(directory, 'worker-0'))
    .filter((file) => file.endsWith('.segment'))
    .map((file) => join(directory, 'worker-0', file));

async function itemsOf(spool: Spool, segment: Segment): Promise<number> {
  let items = 0;
  for (const group of spool.read(segment)) for (const count of group.items) items += count;
  return items;
}

/** Files are closed after the answer to the batch that filled them. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(condition());
}

for (const fsync of [false, true]) {
  test(`what was appended is read back after a restart${fsync ? ', with fsync' : ''}`, async (context) => {
    const directory = temporary(context);
    const spool = await openSpool(context, directory, { fsync });
    const batches = Array.from({ length: 50 }, (_, i) => sampleBatch('traces', i + 1, `batch ${i}`));
    await Promise.all(batches.map((batch) => spool.append(batch)));
    await spool.append(sampleBatch('logs', 3));
    // Neither sealed nor flushed: this is what a killed process leaves.
    await spool.close();

    const again = await openSpool(context, directory);
    const segment = await again.next('traces');
    const messages = [...again.read(segment!)].flatMap((group) => group.messages);
    assert.deepEqual(
      messages.map((message) => Buffer.from(message).toString('hex')),
      batches.map((batch) => Buffer.from(batch.wire[0]!).toString('hex')),
    );
    assert.equal(await itemsOf(again, segment!), (50 * 51) / 2);
    assert.equal(await itemsOf(again, (await again.next('logs'))!), 3);
  });
}

test('a file torn at any byte of its last record keeps all records before it', async (context) => {
  const directory = temporary(context);
  const spool = await openSpool(context, directory);
  for (const label of ['one', 'two', 'three']) await spool.append(sampleBatch('logs', 1, label));
  await spool.close();
  const [file] = segmentsIn(directory);
  const whole = readFileSync(file!);
  const full = readRecords('logs', whole, true);
  assert.equal(full.messages.length, 3);
  const lastStart = whole.length - 13 - full.messages[2]!.length;
  for (let length = lastStart; length < whole.length; length++) {
    const torn = readRecords('logs', whole.subarray(0, length), true);
    assert.equal(torn.messages.length, 2, `cut at ${length}`);
    assert.equal(torn.tornBytes, length - lastStart);
    assert.equal(torn.damaged, 0);
    // A power failure may leave zeros where data was to be.
    const zeroed = Buffer.concat([whole.subarray(0, length), Buffer.alloc(64)]);
    assert.ok(readRecords('logs', zeroed, true).messages.length >= 2);
  }
  truncateSync(file!, whole.length - 1);
  const again = await openSpool(context, directory);
  assert.equal(await itemsOf(again, (await again.next('logs'))!), 2);
});

test('a record damaged on disk loses itself only', async (context) => {
  const directory = temporary(context);
  const spool = await openSpool(context, directory);
  for (const label of ['one', 'two', 'three']) await spool.append(sampleBatch('logs', 1, label));
  await spool.close();
  const [file] = segmentsIn(directory);
  const bytes = readFileSync(file!);
  bytes[20]! ^= 0xff;
  writeFileSync(file!, bytes);
  const { messages, damaged, tornBytes } = readRecords('logs', bytes, true);
  assert.deepEqual([messages.length, damaged, tornBytes], [2, 1, 0]);
});

test('a killed process loses nothing that it had acknowledged', async (context) => {
  const directory = temporary(context);
  for (let round = 1; round <= 5; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/append-until-killed.ts'), directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged += chunk.length;
    });
    while (acknowledged < 200) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await once(child, 'close');
    let stored = 0;
    for (const file of segmentsIn(directory)) {
      const records = readRecords('traces', readFileSync(file), true);
      assert.equal(records.damaged, 0);
      stored += records.messages.length;
      rmSync(file);
    }
    assert.ok(stored >= acknowledged, `round ${round}: ${stored} stored of ${acknowledged} acknowledged`);
  }
});

test('segments close at their rows, their bytes and their age', async (context) => {
  const directory = temporary(context);
  const rows = await openSpool(context, join(directory, 'rows'), { maxItems: 10 });
  for (let i = 0; i < 4; i++) await rows.append(sampleBatch('traces', 5));
  await until(() => rows.segments() === 2);

  const bytes = await openSpool(context, join(directory, 'bytes'), { maxSegmentBytes: 1 });
  for (let i = 0; i < 3; i++) await bytes.append(sampleBatch('traces'));
  await until(() => bytes.segments() === 3);

  const age = await openSpool(context, join(directory, 'age'), { flushIntervalMs: 20 });
  await age.append(sampleBatch('traces'));
  assert.equal(age.segments(), 0);
  assert.equal((await age.next('traces'))!.signal, 'traces');
});

test('a full spool tells the sender why, to try again, and drops nothing', async (context) => {
  const directory = temporary(context);
  const one = sampleBatch('traces', 10);
  const spool = await openSpool(context, directory, { maxBytes: 3 * (one.sizeBytes + 13), maxItems: 1 });
  for (let i = 0; i < 3; i++) await spool.append(one);
  await assert.rejects(spool.append(one), (error: Error & { permanent: boolean }) => {
    assert.equal(error.permanent, false);
    assert.match(
      error.message,
      /^spool is full \(\d+ bytes in .*\) because ClickHouse is away; mend that, or raise spool::max_size$/,
    );
    return true;
  });
  assert.equal(segmentsIn(directory).length, 3);
  await spool.remove((await spool.next('traces'))!);
  await spool.append(one);
});

test('two processes cannot share a directory, and a killed one does not keep it', async (context) => {
  const directory = temporary(context);
  const first = await openSpool(context, directory);
  await assert.rejects(openSpool(context, directory), {
    code: 'DATA_DIRECTORY_LOCKED',
    message: /spool\.directory: .*worker-0 is used by another running collector; stop it/,
  });
  await first.close();
  // A socket file that nobody listens on is what a killed process leaves.
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/append-until-killed.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await assert.rejects(openSpool(context, directory), { code: 'DATA_DIRECTORY_LOCKED' });
  child.kill('SIGKILL');
  await once(child, 'close');
  await openSpool(context, directory);
});

test('the first worker adopts what workers left that are no more', async (context) => {
  const directory = temporary(context);
  const third = await openSpool(context, directory, { worker: { index: 3, count: 4 } });
  await third.append(sampleBatch('traces', 7));
  await third.close();
  const first = await openSpool(context, directory, { worker: { index: 0, count: 2 } });
  assert.equal(await itemsOf(first, (await first.next('traces'))!), 7);
  assert.deepEqual(readdirSync(directory), ['worker-0']);
});

test('rejected segments are kept, up to a bound', async (context) => {
  const directory = temporary(context);
  const one = sampleBatch('traces', 10);
  const spool = await openSpool(context, directory, { maxItems: 1, maxRejectedBytes: 2 * (one.sizeBytes + 13) });
  for (let i = 0; i < 3; i++) {
    await spool.append(one);
    await spool.reject((await spool.next('traces'))!);
    // Names of one millisecond have no order of age.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal(readdirSync(join(directory, 'worker-0/rejected')).length, 2);
  assert.equal(spool.sizeBytes(), 0);
});

test('a directory that cannot be written is an error with its path', async (context) => {
  const directory = temporary(context);
  writeFileSync(join(directory, 'file'), '');
  await assert.rejects(openSpool(context, join(directory, 'file')), {
    code: 'PERMISSION_DENIED',
    message: /spool\.directory: .*file\/worker-0 cannot be used .*make it writable or choose another/,
  });
});

test('a write that fails leaves the file without a part of it, and the sender may try again', async (context) => {
  const directory = temporary(context);
  const spool = await openSpool(context, directory);
  // The directory disappears: opening the first file fails as any other write would.
  rmSync(join(directory, 'worker-0'), { recursive: true });
  await assert.rejects(spool.append(sampleBatch('traces')), {
    permanent: false,
    message: /spool cannot be written: ENOENT/,
  });
  assert.equal(spool.sizeBytes(), 0);
  mkdirSync(join(directory, 'worker-0'));
  await spool.append(sampleBatch('traces', 2));
  assert.equal(readRecords('traces', readFileSync(segmentsIn(directory)[0]!), true).messages.length, 1);
});
