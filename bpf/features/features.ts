/** What the collector can see of a host, feature by feature: by which facilities, and what is lost without. */
import type { Facility } from './facilities.ts';

export type FeatureName = 'packets' | 'calls' | 'tls' | 'go' | 'tcp' | 'files' | 'processes';

export interface FeatureInfo {
  name: FeatureName;
  title: string;
  /** The receiver that has it. */
  receiver: 'cbpf' | 'ebpf';
  /** All of these are needed. */
  needs: readonly Facility[];
  /**
   * One of these ways is needed, the first that works is taken; any but the first makes it `limited`. A way is called by its first
   * facility and needs them all, those that newer kernels have later.
   */
  oneOf: readonly (readonly Facility[])[];
  /** It is better with these. */
  better: readonly Facility[];
  /** Objects of bpf/programs/build that it is made of; without them it was not built. */
  programs: readonly string[];
  /** It opens files of the processes it looks at, which takes CAP_SYS_PTRACE for those of other users. */
  opensFiles: boolean;
}

/** Every program reads the kernel's structs by BTF and tells what it saw through one ring. */
const base: readonly Facility[] = ['btf', 'ring_buffer'];
/** What `sockets` asks for first; programs that share its state of threads (SharedSockets) go with what it gets. */
const typed: readonly Facility[] = ['tp_btf', 'task_storage', 'typed_casts'];
const systemCalls: readonly (readonly Facility[])[] = [typed, ['raw_tracepoint'], ['tracepoint']];

export const features: readonly FeatureInfo[] = [
  {
    name: 'packets',
    title: 'Calls and flows from packets',
    receiver: 'cbpf',
    needs: ['packet_socket'],
    oneOf: [],
    better: [],
    programs: [],
    opensFiles: false,
  },
  {
    name: 'calls',
    title: 'Calls of each process',
    receiver: 'ebpf',
    needs: base,
    oneOf: systemCalls,
    better: [],
    programs: ['sockets'],
    opensFiles: false,
  },
  {
    name: 'tls',
    title: 'TLS in the clear',
    receiver: 'ebpf',
    needs: [...base, 'uprobe', 'probe_cookies'],
    oneOf: systemCalls,
    better: ['uprobe_multi'],
    programs: ['sockets', 'tls'],
    opensFiles: true,
  },
  {
    name: 'go',
    title: 'Go programs in the clear',
    receiver: 'ebpf',
    needs: [...base, 'uprobe', 'probe_cookies'],
    oneOf: systemCalls,
    better: ['uprobe_multi'],
    programs: ['sockets', 'go-tls'],
    opensFiles: true,
  },
  {
    name: 'tcp',
    title: 'TCP metrics',
    receiver: 'ebpf',
    needs: base,
    oneOf: [['tp_btf']],
    better: [],
    programs: ['sockets', 'tcp'],
    opensFiles: false,
  },
  {
    name: 'files',
    title: 'Slow reads and writes of files',
    receiver: 'ebpf',
    needs: base,
    oneOf: systemCalls,
    better: [],
    programs: ['sockets'],
    opensFiles: false,
  },
  {
    name: 'processes',
    title: 'Names of all processes',
    receiver: 'ebpf',
    needs: [],
    oneOf: [],
    better: [],
    programs: [],
    opensFiles: true,
  },
];
