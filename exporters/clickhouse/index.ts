/** Exporter `clickhouse`: stores telemetry in ClickHouse, exactly once, by way of a spool on disk. */
import { join } from 'node:path';
import { createStoreClient } from '../../clickhouse/client.ts';
import { createEncoderMemory } from '../../clickhouse/inserts.ts';
import { systemClock } from '../../component/clock.ts';
import { type Context, defineExporter, type Exporter } from '../../component/define.ts';
import { exporterCounters } from '../../component/obs.ts';
import { tlsClientOptions } from '../../component/tls.ts';
import { signals } from '../../pdata/batch.ts';
import { type ClickHouseConfig, configSchema } from './config.ts';
import { type DeliveryError, whenPutAside, whenWaiting } from './delivery-error.ts';
import { createSchemaGate } from './schema-gate.ts';
import { runSender } from './sender.ts';
import { createSpool } from './spool.ts';

export default defineExporter({
  type: 'clickhouse',
  description: 'Stores traces, metrics, logs and profiles in ClickHouse or the embedded store, exactly once.',
  config: configSchema,
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'development' },
  create: createClickHouseExporter,
});

/** Series remembered as announced; a slot takes up to 32 bytes. */
const maxKnownSeries = 1_000_000;
/** Bytes of a signal's blocks that are kept for the next ones. */
const maxPooledBytes = 64 * 1024 * 1024;

function createClickHouseExporter(context: Context<ClickHouseConfig>): Exporter {
  const { config, host, id, log, meter } = context;
  const client = createStoreClient({
    endpoint: config.endpoint,
    username: config.username,
    password: config.password.reveal(),
    compression: config.compression,
    timeoutMs: config.timeout,
    tls: config.endpoint.startsWith('https:') ? tlsClientOptions(config.tls, `exporters::${id}::tls`) : undefined,
  });
  let trouble: DeliveryError | undefined;

  const spool = createSpool({
    directory: join(config.spool.directory, id.replaceAll('/', '_')),
    worker: host.worker,
    maxBytes: Math.floor(config.spool.max_size / host.worker.count),
    maxRejectedBytes: Math.floor(config.spool.max_rejected_size / host.worker.count),
    fsync: config.spool.fsync,
    maxItems: config.batch.max_rows,
    maxSegmentBytes: config.batch.max_bytes,
    flushIntervalMs: config.batch.flush_interval,
    log,
    whyWaiting: () => trouble?.message ?? 'ClickHouse takes data more slowly than it comes in',
  });
  const gate = createSchemaGate(client, config, log);
  const counters = new Map(signals.map((signal) => [signal, exporterCounters(context, signal)]));
  const insertSeconds = meter.histogram(
    'exporter_insert_duration',
    'Seconds from encoding a segment to the last answer of ClickHouse.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    { exporter: id },
  );
  const rejectedSegments = meter.counter(
    'exporter_rejected_segments',
    'Number of spool files that ClickHouse refused for ever.',
    { exporter: id },
  );
  meter.gauge('exporter_spool_size', 'Bytes waiting in the spool.', spool.sizeBytes, { exporter: id });
  meter.gauge('exporter_spool_capacity', 'Bytes that may wait in the spool.', () => config.spool.max_size, {
    exporter: id,
  });
  meter.gauge('exporter_spool_segments', 'Closed spool files that wait to be inserted.', spool.segments, {
    exporter: id,
  });

  const memories = new Map(signals.map((signal) => [signal, createEncoderMemory(maxKnownSeries, maxPooledBytes)]));
  const stopping = new AbortController();
  let senders: Promise<unknown> = Promise.resolve();

  function onFailure(error: DeliveryError): void {
    if (trouble?.message !== error.message) {
      log.warn(whenWaiting(error), { error: error.message });
      context.reportStatus('recoverable_error', error.message);
    }
    trouble = error;
  }

  function onSuccess(): void {
    if (!trouble) return;
    trouble = undefined;
    log.info('ClickHouse takes data again.', { endpoint: config.endpoint });
    context.reportStatus('ok');
  }

  /** Tables that are gone took their series with them. */
  function schemaMissing(): void {
    gate.reset();
    for (const { known } of memories.values()) known.clear();
  }

  function startSenders(): void {
    senders = Promise.all(
      signals.map((signal) =>
        runSender({
          signal,
          client,
          database: config.database,
          spool,
          memory: memories.get(signal)!,
          clock: systemClock,
          initialIntervalMs: config.retry.initial_interval,
          maxIntervalMs: config.retry.max_interval,
          ready: gate.ready,
          schemaMissing,
          onFailure,
          onSent(items, durationMs) {
            onSuccess();
            counters.get(signal)!.sent.add(items);
            insertSeconds.record(durationMs / 1000);
          },
          onRejected(items, segment, movedTo, error) {
            // What cannot be encoded says nothing of ClickHouse.
            if (error.kind !== 'encoding') onSuccess();
            counters.get(signal)!.sendFailed.add(items);
            rejectedSegments.add(1);
            log.error(whenPutAside(error, movedTo), {
              error: error.message,
              items,
              bytes: segment.sizeBytes,
              file: movedTo ?? segment.path,
            });
          },
          signalToStop: stopping.signal,
        }),
      ),
    );
  }

  return {
    async start() {
      await spool.open();
      // A store of the wrong version or schema is an error of configuration; one that is away now may come back.
      await gate.tryAtStart(onFailure, onSuccess);
      startSenders();
    },

    async consume(batch) {
      try {
        await spool.append(batch);
      } catch (error) {
        counters.get(batch.signal)!.enqueueFailed.add(batch.items);
        throw error;
      }
    },

    async shutdown() {
      await spool.seal();
      const timer = setTimeout(() => stopping.abort(), trouble ? 0 : config.shutdown_timeout);
      await Promise.race([senders, afterAbort(stopping.signal, 1000)]);
      clearTimeout(timer);
      stopping.abort();
      // Ends what a silent server still holds; the senders then see that they are to stop.
      await client.close();
      await senders;
      await spool.close();
    },
  };
}

function afterAbort(signal: AbortSignal, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const begin = () => setTimeout(resolve, delayMs).unref();
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true });
  });
}
