/** The receiver: capture in a thread of its own, of one pipeline worker only. */
import { hostname } from 'node:os';
import { createCaptureReceiver } from '../../component/capture/receiver.ts';
import type { Consumers } from '../../component/consumer.ts';
import type { Context, Receiver } from '../../component/define.ts';
import type { Config } from './config.ts';
import { counters, type ThreadSetup } from './messages.ts';

/** On a host with little to tell the thread would otherwise hold 50 MiB of garbage before it looks through it. */
const youngMib = 24;
/**
 * What the thread may hold, beside its connections. The engine looks through a heap once it is a multiple of what was left of it the last
 * time, and the multiple rises with this limit: with the engine's own the heap grew to 81 MiB, with a GiB to 47.
 */
const oldMib = 768;
/** Twice what `max_connections` says of one. */
const connectionMib = 4 / 1024;

export function createEbpfReceiver(context: Context<Config>, next: Consumers): Receiver {
  const { config, host, id } = context;
  // The kernel tells all processes' events into one ring, which has one reader.
  if (host.worker.index > 0) return {};
  const setup: ThreadSetup = {
    config,
    id,
    version: host.build.version,
    hostName: hostname(),
    // OTLP exporters' and ClickHouse's.
    ownAgents: [`${host.build.description}/`, `${host.build.name} `],
    pid: process.pid,
  };
  return createCaptureReceiver(context, next, {
    module: new URL('./thread.ts', import.meta.url),
    setup,
    word: 'ebpf',
    counters,
    labelled: {},
    waits: false,
    resourceLimits: {
      maxYoungGenerationSizeMb: youngMib,
      maxOldGenerationSizeMb: oldMib + Math.ceil(config.max_connections * connectionMib),
    },
  });
}
