/** The receiver's side of capture: runs the thread, hands what it finished to the pipelines, and speaks for it. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Consumers } from '../../component/consumer.ts';
import type { Context, Receiver } from '../../component/define.ts';
import { isPermanent } from '../../component/errors.ts';
import { receiverCounters } from '../../component/obs.ts';
import { Batch } from '../../pdata/batch.ts';
import type { Config } from './config.ts';
import { type CounterName, counters, type FromThread, type ThreadSetup, type ToThread } from './messages.ts';

/** What is under way gets this long to be taken on shutdown. */
const drainMs = 5000;
/** Files wait for a pipeline that refuses; it is asked again at this pace. */
const retryMs = 500;

export function createCbpfReceiver(context: Context<Config>, next: Consumers): Receiver {
  const { config, meter, log, id } = context;
  const labels = { receiver: id };
  const own = Object.fromEntries(
    (Object.keys(counters) as CounterName[]).map((name) => [
      name,
      meter.counter(`receiver_cbpf_${name}`, counters[name], labels),
    ]),
  ) as Record<CounterName, ReturnType<typeof meter.counter>>;
  const items = {
    traces: receiverCounters(context, 'traces', 'cbpf'),
    logs: receiverCounters(context, 'logs', 'cbpf'),
  };
  /** Data of a file can be read again by waiting; a live packet is over. */
  const waits = config.files.length > 0 && config.interfaces === undefined;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let thread: Worker | undefined;
  let exited: Promise<void> = Promise.resolve();

  function tell(message: ToThread): void {
    thread?.postMessage(message);
  }

  function countUndecodable(reasons: Record<string, number>): void {
    for (const [reason, count] of Object.entries(reasons)) {
      const description = 'Number of packets whose headers could not be read, or hold no IP, by reason.';
      meter.counter('receiver_cbpf_undecodable_packets', description, { ...labels, reason }).add(count);
    }
  }

  async function hand(signal: 'traces' | 'logs', message: Uint8Array): Promise<void> {
    const consume = next[signal];
    // Read before: a consumer may give the memory back.
    const bytes = message.length;
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
    tell({ type: 'taken', bytes });
  }

  function hear(message: FromThread): void {
    switch (message.type) {
      case 'data': {
        const handing = hand(message.signal, message.message).finally(() => underWay.delete(handing));
        underWay.add(handing);
        return;
      }
      case 'counted':
        for (const [name, count] of Object.entries(message.counts)) own[name as CounterName].add(count);
        countUndecodable(message.undecodable);
        return;
      case 'log':
        log[message.level](message.message, message.fields);
        return;
      case 'status':
        context.reportStatus(message.status, message.message);
        return;
      case 'files_done':
        log.info('All capture files are read', { files: config.files });
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
      const setup: ThreadSetup = {
        config,
        id,
        version: context.host.build.version,
        hostName: hostname(),
        worker: { ...context.host.worker },
      };
      const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: setup, name: `capture-${id}` });
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
