/** Opens the programs in the kernel, or says what is missing. */
import { whyNot } from '../../bpf/features/why-not.ts';
import { openSockets, type SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import type { FromThread } from '../../component/capture/messages.ts';
import { addCgroups } from './cgroups.ts';
import { tellLimits } from './limits.ts';
import type { ThreadSetup } from './messages.ts';

/** As long as a connection's protocol is not known: what the head of any message needs. */
const unknownBytes = 1024;
/** Its reader is woken when so much waits in the ring, or a quarter of a small one; a wake-up costs the observed process some us. */
const wakeBytes = 256 << 10;

export interface KernelSide {
  program: SocketsProgram;
  /** What of the options could not be followed. */
  errors: string[];
}

export function tryOpenSockets(setup: ThreadSetup, post: (message: FromThread) => void): KernelSide | undefined {
  const { config, pid } = setup;
  const { files, processes, exclude_ports: excluded } = config;
  try {
    const program = openSockets({
      ringBytes: config.ring.size,
      wakeBytes: Math.min(wakeBytes, config.ring.size / 4),
      traceByDefault: processes.include.length === 0 && processes.cgroups.length === 0,
      ownPid: config.exclude_own_traffic ? pid : 0,
      filterCgroups: processes.cgroups.length > 0,
      ...(excluded.length > 0 ? { ports: { mode: 'except', ports: excluded } } : {}),
      ...(files.mode === 'off'
        ? {}
        : { files: { mode: files.mode === 'all' ? 'all' : 'in_call', minLatencyNs: files.min_latency * 1e6 } }),
      unixSockets: config.unix_sockets,
      unknownPayloadBytes: Math.min(unknownBytes, config.payload_limit),
      maxSockets: config.max_connections,
    });
    const errors = addCgroups(program, processes.cgroups);
    for (const error of errors)
      post({ type: 'log', level: 'error', message: 'A cgroup is not traced', fields: { error } });
    tellLimits(config, post);
    return { program, errors };
  } catch (error) {
    const message = whyNot('calls', error as Error);
    post({ type: 'log', level: 'error', message: 'System calls cannot be traced', fields: { error: message } });
    post({ type: 'status', status: 'permanent_error', message });
    return undefined;
  }
}
