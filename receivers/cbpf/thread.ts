/** The capture thread: live rings and capture files on one side, finished OTLP messages to the receiver on the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromThread, ToThread } from '../../component/capture/messages.ts';
import { createOutbox } from '../../component/capture/outbox.ts';
import { createPace } from '../../component/capture/pace.ts';
import type { CapturePoint } from '../../flow/l4/options.ts';
import { type CaptureClock, createCaptureClock } from '../../flow/packet/clock.ts';
import { PacketKeeper } from '../../flow/pcap/keeper.ts';
import { usualInterfaces } from './config.ts';
import { createPacketTally } from './counting.ts';
import { type Live, startLive } from './live.ts';
import type { ThreadSetup } from './messages.ts';
import { OwnConnections } from './own-connections.ts';
import { PacketPath } from './path.ts';
import { replay } from './replay.ts';

const setup = workerData as ThreadSetup;
const { config, worker } = setup;
const port = parentPort!;
const reportMs = 500;

const tally = createPacketTally();
const outbox = createOutbox({
  limitBytes: config.max_bytes_in_flight,
  post: (signal, message) => port.postMessage({ type: 'data', signal, message } satisfies FromThread, [message.buffer]),
  onDropped(bytes) {
    tally.counts.dropped_batches++;
    tally.counts.dropped_bytes += bytes;
  },
});
const stopping = new AbortController();
const keepers = new Set<PacketKeeper>();

function post(message: FromThread): void {
  port.postMessage(message);
}

function keeperFor(clock: CaptureClock, points: CapturePoint[]): PacketKeeper | undefined {
  if (config.pcap === undefined) return undefined;
  const keeper = new PacketKeeper({
    directory: config.pcap.directory,
    maxBytes: config.pcap.max_size / worker.count,
    maxFlowBytes: config.pcap.per_flow,
    clock,
    writer: worker.index,
    // Worker 0 also trims what workers left that are no more.
    isOwn: (writer) => writer === worker.index || (worker.index === 0 && writer >= worker.count),
    pointName: (point) => points[point]?.interfaceName ?? '',
    onError: (error) =>
      post({ type: 'log', level: 'error', message: 'Packets are no longer kept', fields: { error: error.message } }),
  });
  keepers.add(keeper);
  return keeper;
}

/** Protocols whose mistakes were told: one line each, the rest is a number. */
const failed = new Set<string>();

function onFailure(error: unknown, protocol: string): void {
  if (failed.has(protocol)) return;
  failed.add(protocol);
  const message = 'A parser made a mistake: its connection is left alone; please report it';
  const { stack, message: text } = error instanceof Error ? error : new Error(String(error));
  post({ type: 'log', level: 'error', message, fields: { protocol, error: stack ?? text } });
}

function report(): void {
  for (const keeper of keepers) keeper.flush();
  const counted = tally.take();
  if (counted !== undefined) post({ type: 'counted', counted });
}

/** Live capture with the analyser behind it; nothing when only files are meant. */
function beginLive(): { live: Live; end(): void } | undefined {
  const interfaces = config.interfaces ?? (config.files.length > 0 ? undefined : usualInterfaces);
  if (interfaces === undefined || (worker.index > 0 && !config.fanout)) return undefined;
  const epochSeconds = Math.floor(Date.now() / 1000) - 1;
  const clock = createCaptureClock(epochSeconds);
  const points: CapturePoint[] = [];
  const own = config.exclude_own_traffic ? new OwnConnections() : undefined;
  const path = new PacketPath(setup, clock, points, tally, own, keeperFor(clock, points), onFailure);
  const isTime = createPace();
  const hand = () => outbox.put(path.analyser.drain());
  const progress = () => {
    if (isTime(path.analyser.pendingBytes)) hand();
  };
  const live = startLive({ setup, interfaces, epochSeconds, path, own, post, onProgress: progress });
  const end = () => {
    live.stop();
    path.close();
    hand();
  };
  return { live, end };
}

const reporting = setInterval(report, reportMs);
const live = beginLive();
const reading =
  worker.index === 0 && config.files.length > 0
    ? replay({ setup, tally, outbox, keeperFor, onFailure, post, stopped: stopping.signal }).then(() => {
        report();
        if (stopping.signal.aborted) return;
        const fields = { files: config.files };
        post({ type: 'log', level: 'info', message: 'All capture files are read', fields });
      })
    : Promise.resolve();

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
  stopping.abort();
  live?.end();
  await reading;
  await outbox.empty();
  clearInterval(reporting);
  report();
  for (const keeper of keepers) keeper.close();
  post({ type: 'stopped' });
  port.close();
}
