/** Fills a store as the collector does with captured calls and connections: rows, and the numbers that connector red makes. */
import { createStoreClient } from '../../clickhouse/client.ts';
import { createEncoderMemory, insertsOf } from '../../clickhouse/inserts.ts';
import { systemClock } from '../../component/clock.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { redConfig } from '../../connectors/red/config.ts';
import { createRedConnector } from '../../connectors/red/red.ts';
import { type Captured, captureTraffic } from '../../integration/kit/captured.ts';
import { Batch, type Signal } from '../../pdata/batch.ts';

/** `socketPath` is the store's; the traffic is that of the last `seconds`. */
export async function insertCaptured(socketPath: string, nowMs: number, seconds = 600): Promise<Captured> {
  const client = createStoreClient({
    endpoint: `unix:${socketPath}`,
    username: 'default',
    password: '',
    compression: 'none',
    timeoutMs: 30_000,
  });
  const memory = createEncoderMemory(1000, 1 << 20);
  let inserts = 0;

  async function insert(signal: Signal, messages: readonly Uint8Array[]): Promise<void> {
    const groups = [{ messages, items: messages.map((message) => Batch.fromWire(signal, message).items) }];
    const receivedDay = Math.floor(nowMs / 86_400_000);
    for (const { table, columns, chunks } of insertsOf({ signal, groups, receivedDay }, memory)) {
      await client.insertNative(chunks, { database: 'otel', table, columns, token: `captured ${inserts++}` });
    }
  }

  const metrics: Uint8Array[] = [];
  const red = createRedConnector({
    context: createTestContext(redConfig.parse({})),
    clock: systemClock,
    unixMs: () => nowMs,
    next: {
      async metrics(batch) {
        metrics.push(...batch.wire);
      },
    },
  });
  const captured = captureTraffic({ endMs: nowMs - 2000, seconds, calls: 300 });
  await red.consume(Batch.fromWire('traces', captured.traces));
  await red.consume(Batch.fromWire('logs', captured.logs));
  await red.shutdown?.();
  await insert('traces', [captured.traces]);
  await insert('logs', [captured.logs]);
  await insert('metrics', metrics);
  await client.close();
  return captured;
}
