/** Receiver `cbpf`: sees the calls and connections of this host in its packets, live or from capture files. */
import { defineReceiver } from '../../component/define.ts';
import { config } from './config.ts';
import { createCbpfReceiver } from './receiver.ts';

export default defineReceiver({
  type: 'cbpf',
  description: 'Reads packets of network interfaces or capture files; gives calls as spans and connections as logs.',
  config,
  signals: { traces: 'alpha', logs: 'alpha' },
  create: createCbpfReceiver,
});
