/** A process that appends to a spool for ever and prints one byte for each batch that was acknowledged. */
import { writeSync } from 'node:fs';
import { sampleBatch } from '../../../component/testing/batches.ts';
import { createTestContext } from '../../../component/testing/context.ts';
import { createSpool } from '../spool.ts';

const { log } = createTestContext({});
const spool = createSpool({
  directory: process.argv[2]!,
  worker: { index: 0, count: 1 },
  maxBytes: 1 << 30,
  maxRejectedBytes: 0,
  fsync: false,
  maxItems: 500,
  maxSegmentBytes: 1 << 20,
  flushIntervalMs: 10,
  log,
  whyWaiting: () => '',
});
await spool.open();
const batch = sampleBatch('traces', 20);
const appendForEver = async () => {
  for (;;) {
    await spool.append(batch);
    writeSync(1, '.');
  }
};
await Promise.all([appendForEver(), appendForEver(), appendForEver()]);
