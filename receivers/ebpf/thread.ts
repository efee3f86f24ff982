/** The capture thread: the kernel's ring on one side, finished OTLP messages to the receiver on the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromThread, ToThread } from '../../component/capture/messages.ts';
import { createOutbox } from '../../component/capture/outbox.ts';
import { createTally } from '../../component/capture/tally.ts';
import { type Capture, startCapture } from './capture.ts';
import { counters, type ThreadSetup } from './messages.ts';

const setup = workerData as ThreadSetup;
const port = parentPort!;
const reportMs = 500;

const tally = createTally(counters);
const outbox = createOutbox({
  limitBytes: setup.config.max_bytes_in_flight,
  post: (signal, message) => post({ type: 'data', signal, message }, [message.buffer]),
  onDropped(bytes) {
    tally.counts.dropped_batches++;
    tally.counts.dropped_bytes += bytes;
  },
});

function post(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function report(): void {
  const counted = tally.take();
  if (counted !== undefined) post({ type: 'counted', counted });
}

const reporting = setInterval(report, reportMs);
const capture: Capture | undefined = startCapture({
  setup,
  counts: tally.counts,
  put: (done) => outbox.put(done),
  post,
});

port.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'taken':
      return outbox.taken(message.bytes, message.memory);
    case 'stop':
      return void stop();
    default:
      return message satisfies never;
  }
});
post({ type: 'started' });

async function stop(): Promise<void> {
  await capture?.stop();
  await outbox.empty();
  clearInterval(reporting);
  report();
  post({ type: 'stopped' });
  port.close();
}
