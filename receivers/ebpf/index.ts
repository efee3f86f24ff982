/** Receiver `ebpf`: sees the calls of every process of this host in its system calls and TLS libraries, with no change to it. */
import { defineReceiver } from '../../component/define.ts';
import { config } from './config.ts';
import { createEbpfReceiver } from './receiver.ts';

export default defineReceiver({
  type: 'ebpf',
  description:
    'Reads what processes send and receive, in the kernel; gives calls as spans, connections and files as logs.',
  config,
  signals: { traces: 'alpha', logs: 'alpha' },
  create: createEbpfReceiver,
});
