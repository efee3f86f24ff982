/** The receiver's side of capture, live or from files: runs the thread, hands what it finished to the pipelines, and speaks for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { Batch } from '../../pdata/batch.ts';
import { lendBody } from '../../wire/body-pool.ts';
import type { Consumers } from '../consumer.ts';
import type { Context, Receiver } from '../define.ts';
import { isPermanent } from '../errors.ts';
import { receiverCounters } from '../obs.ts';
import type { CaptureSignal, Counted, FromThread, ToThread } from './messages.ts';

/** What is under way gets this long to be taken on shutdown. */
const drainMs = 5000;
/** Files wait for a pipeline that refuses; it is asked again at this pace. */
const retryMs = 500;

/** What a receiver gives the thread that captures for it. */
export interface CaptureThread {
  /** The thread's module, and what it finds as `workerData`. */
  module: URL;
  setup: unknown;
  /** Word of the receiver in the names of its metrics: `cbpf`. */
  word: string;
  /** Names of the thread's counters, with their descriptions. */
  counters: Readonly<Record<string, string>>;
  /** Those that have a label. */
  labelled: Readonly<Record<string, { label: string; description: string }>>;
  /** Data that is refused can be handed over again by waiting, as that of a file; live data is over. */
  waits: boolean;
  /** Limits of the thread's heap, which decide how much garbage it holds too; the engine's own without them. */
  resourceLimits?: ResourceLimits;
}

export function createCaptureReceiver(
  context: Context<unknown>,
  next: Consumers,
  { module, setup, word, counters, labelled, waits, resourceLimits }: CaptureThread,
): Receiver {
  const { meter, log, id } = context;
  const labels = { receiver: id };
  const own = new Map(
    Object.entries(counters).map(([name, text]) => [name, meter.counter(`receiver_${word}_${name}`, text, labels)]),
  );
  const items = {
    traces: receiverCounters(context, 'traces', word),
    logs: receiverCounters(context, 'logs', word),
  };
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let thread: Worker | undefined;
  let exited: Promise<void> = Promise.resolve();

  function tell(message: ToThread, transfer: ArrayBuffer[] = []): void {
    thread?.postMessage(message, transfer);
  }

  function count({ counts, labelled: byLabel }: Counted): void {
    for (const [name, more] of Object.entries(counts)) own.get(name)?.add(more);
    for (const [name, values] of Object.entries(byLabel)) {
      const { label, description } = labelled[name]!;
      for (const [value, more] of Object.entries(values)) {
        meter.counter(`receiver_${word}_${name}`, description, { ...labels, [label]: value }).add(more);
      }
    }
  }

  async function hand(signal: CaptureSignal, message: Uint8Array<ArrayBuffer>): Promise<void> {
    const consume = next[signal];
    // Read before: a consumer may give the memory back.
    const bytes = message.length;
    const { buffer } = message;
    let isFree = false;
    const { accepted, refused, failed } = items[signal];
    while (consume !== undefined) {
      let batch: Batch;
      try {
        batch = Batch.fromWire(signal, message);
      } catch (error) {
        // Our own bytes: a fault of ours, which must not end the process.
        failed.add(1);
        log.error('A batch of captured data is not valid', { signal, error: (error as Error).message });
        break;
      }
      if (batch.items === 0) break;
      isFree = false;
      lendBody(message, () => {
        isFree = true;
      });
      try {
        await consume(batch);
        accepted.add(batch.items);
        break;
      } catch (error) {
        if (!waits || isPermanent(error) || stopping.signal.aborted) {
          refused.add(batch.items);
          break;
        }
        await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
    // Left to the garbage collector here, a megabyte a second makes it look through the whole heap every three seconds.
    if (isFree) tell({ type: 'taken', bytes, memory: buffer }, [buffer]);
    else tell({ type: 'taken', bytes });
  }

  function hear(message: FromThread): void {
    switch (message.type) {
      case 'data': {
        const handing = hand(message.signal, message.message).finally(() => underWay.delete(handing));
        underWay.add(handing);
        return;
      }
      case 'counted':
        count(message.counted);
        return;
      case 'log':
        log[message.level](message.message, message.fields);
        return;
      case 'status':
        context.reportStatus(message.status, message.message);
        return;
      case 'started':
      case 'stopped':
        return;
      default:
        message satisfies never;
    }
  }

  return {
    start() {
      const worker = new Worker(module, {
        workerData: setup,
        name: `capture-${id}`,
        ...(resourceLimits === undefined ? {} : { resourceLimits }),
      });
      thread = worker;
      exited = new Promise((resolve) => worker.once('exit', () => resolve()));
      worker.on('message', (message: FromThread) => hear(message));
      // Capture that fails is off, and says so; the rest of the collector runs on.
      return new Promise<void>((resolve) => {
        worker.on('message', ({ type }: FromThread) => {
          if (type === 'started') resolve();
        });
        worker.on('error', (error: Error) => {
          log.error('The capture thread has crashed; capture is off until the next start', { error: error.message });
          context.reportStatus('permanent_error', `the capture thread has crashed: ${error.message}`);
        });
        worker.on('exit', () => {
          thread = undefined;
          resolve();
        });
      });
    },
    async shutdown() {
      if (thread === undefined) return;
      const timer = setTimeout(() => {
        stopping.abort();
        void thread?.terminate();
      }, drainMs);
      tell({ type: 'stop' });
      await exited;
      clearTimeout(timer);
      stopping.abort();
      await Promise.all(underWay);
    },
  };
}
