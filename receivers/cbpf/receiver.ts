/** The receiver: capture in a thread of its own. */
import { hostname } from 'node:os';
import { createCaptureReceiver } from '../../component/capture/receiver.ts';
import type { Consumers } from '../../component/consumer.ts';
import type { Context, Receiver } from '../../component/define.ts';
import type { Config } from './config.ts';
import { counters, type ThreadSetup, undecodablePackets } from './messages.ts';

export function createCbpfReceiver(context: Context<Config>, next: Consumers): Receiver {
  const { config, host, id } = context;
  const setup: ThreadSetup = {
    config,
    id,
    version: host.build.version,
    hostName: hostname(),
    worker: { ...host.worker },
  };
  return createCaptureReceiver(context, next, {
    module: new URL('./thread.ts', import.meta.url),
    setup,
    word: 'cbpf',
    counters,
    labelled: undecodablePackets,
    waits: config.files.length > 0 && config.interfaces === undefined,
  });
}
