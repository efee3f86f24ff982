/** The life of the connector: counts what is consumed, closes windows by event time, hands them on as metrics. */
import { hostname } from 'node:os';
import type { Clock } from '../../component/clock.ts';
import type { Consumers } from '../../component/consumer.ts';
import type { Connector, Context } from '../../component/define.ts';
import { permanent, retryable } from '../../component/errors.ts';
import { Batch, type Signal } from '../../pdata/batch.ts';
import { callMetrics, flowMetrics, intervalSeconds, type RedFamily } from '../../pdata/schema/red-metrics.ts';
import { Accounting } from './accounting.ts';
import { createCallCounter } from './calls.ts';
import type { RedConfig } from './config.ts';
import { createFlowCounter } from './flows.ts';
import { registerInstruments } from './instruments.ts';
import { createOutbox } from './outbox.ts';
import { writeWindow } from './write.ts';

export interface RedOptions {
  context: Context<RedConfig>;
  next: Consumers;
  clock: Clock;
  /** Unix time, ms: what is later than now. */
  unixMs: () => number;
  /** How long shutdown goes on handing on. */
  drainMs?: number;
}

/**
 *                count                    event time, timer, shutdown
 * batch ──────────────► open windows ─────────────────────────────► outbox ──► next
 *      resolves then; waits while the outbox is full                retries what is not permanent
 */
export function createRedConnector({ context, next, clock, unixMs, drainMs = 5000 }: RedOptions): Connector {
  const { config, host, log } = context;
  const { worker, build } = host;
  const writer = {
    version: build.version,
    instance: worker.count > 1 ? `${hostname()}/${worker.index}` : hostname(),
  };
  let refused = false;
  let stopped = false;
  let cancelTimer: (() => void) | undefined;

  const outbox = createOutbox({
    next: next.metrics ?? (() => Promise.reject(permanent(`connector ${context.id} leads to no pipeline of metrics`))),
    clock,
    maxBytes: config.memory_limit,
    drainMs,
    onSent: (points) => instruments.sent.add(points),
    onRefused(error) {
      if (refused) return;
      refused = true;
      log.warn('The next consumer refuses metrics; they are kept and sent again.', { error: error.message });
      context.reportStatus('recoverable_error', error.message);
    },
    onAccepted() {
      if (!refused) return;
      refused = false;
      context.reportStatus('ok');
    },
    onDropped(points, error) {
      instruments.dropped.add(points);
      log.error('Metrics were dropped, because the next consumer cannot take them.', {
        error: error.message,
        dropped_points: points,
      });
    },
  });

  const books = { traces: open(callMetrics), logs: open(flowMetrics) };
  const countCalls = createCallCounter(books.traces);
  const countFlows = createFlowCounter(books.logs);
  const instruments = registerInstruments(context, books, outbox);

  function open(family: RedFamily): Accounting {
    return new Accounting({
      family,
      intervalsSeconds: config.intervals.map((interval) => intervalSeconds[interval]),
      latenessSeconds: config.allowed_lateness / 1000,
      limits: { maxSeries: config.max_series, maxValues: config.max_values },
      clock,
      unixMs,
      onClosed(window, series, seconds) {
        for (const message of writeWindow(family, window, series.keys, seconds, writer)) {
          outbox.put(Batch.fromWire('metrics', message));
        }
      },
    });
  }

  function tick(): void {
    for (const accounting of Object.values(books)) accounting.advance();
    cancelTimer = clock.after(500, tick);
  }

  return {
    async start() {
      tick();
    },

    async consume(batch) {
      if (stopped) throw retryable(`connector ${context.id} is shutting down`);
      await outbox.room();
      const { signal } = batch;
      if (signal !== 'traces' && signal !== 'logs') throw permanent(`connector ${context.id} takes no ${signal}`);
      books[signal].beginBatch();
      if (isOf(batch, 'traces')) countCalls(batch);
      else if (isOf(batch, 'logs')) countFlows(batch);
      books[signal].advance();
      batch.release();
    },

    async shutdown() {
      stopped = true;
      cancelTimer?.();
      for (const accounting of Object.values(books)) accounting.finish();
      await outbox.drain();
    },
  };
}

function isOf<S extends Signal>(batch: Batch, signal: S): batch is Batch<S> {
  return batch.signal === signal;
}
