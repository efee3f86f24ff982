/** What capture asks of a kernel, piece by piece: since when kernels have it, which capabilities it takes, and what it is for. */
import type { Capability } from './capabilities.ts';

export type Facility =
  | 'packet_socket'
  | 'btf'
  | 'ring_buffer'
  | 'task_storage'
  | 'typed_casts'
  | 'tp_btf'
  | 'raw_tracepoint'
  | 'tracepoint'
  | 'uprobe'
  | 'probe_cookies'
  | 'uprobe_multi'
  | 'perf_event'
  | 'sock_ops';

export interface FacilityInfo {
  facility: Facility;
  title: string;
  /** First version of Linux with it; distributions bring some of them back to older ones. */
  since: readonly [major: number, minor: number];
  capabilities: readonly Capability[];
  /** Of the kernel's configuration, for kernels that were built without it. */
  config: string;
  /** What is there without it, after the words `until then`. */
  instead: string;
}

export const facilities: readonly FacilityInfo[] = [
  {
    facility: 'packet_socket',
    title: 'AF_PACKET ring',
    since: [3, 2],
    capabilities: ['CAP_NET_RAW'],
    config: 'CONFIG_PACKET',
    instead: 'capture files are all that is read',
  },
  {
    facility: 'btf',
    title: 'types of the kernel (BTF)',
    since: [5, 4],
    capabilities: [],
    config: 'CONFIG_DEBUG_INFO_BTF',
    instead: 'packets only',
  },
  {
    facility: 'ring_buffer',
    title: 'ring buffer',
    since: [5, 8],
    capabilities: ['CAP_BPF'],
    config: 'CONFIG_BPF_SYSCALL',
    instead: 'packets only',
  },
  {
    facility: 'task_storage',
    title: 'storage per thread',
    // The map is there since 5.11, for security modules only.
    since: [5, 13],
    capabilities: ['CAP_BPF'],
    config: 'CONFIG_BPF_SYSCALL',
    instead: 'a hash table, which costs more',
  },
  {
    facility: 'typed_casts',
    title: 'typed casts (bpf_rdonly_cast)',
    since: [6, 2],
    capabilities: [],
    config: 'CONFIG_DEBUG_INFO_BTF',
    instead: 'raw tracepoints, which cost more',
  },
  {
    facility: 'tp_btf',
    title: 'system calls by tp_btf',
    since: [5, 5],
    capabilities: ['CAP_BPF', 'CAP_PERFMON'],
    config: 'CONFIG_BPF_EVENTS',
    instead: 'raw tracepoints',
  },
  {
    facility: 'raw_tracepoint',
    title: 'system calls by raw_tp',
    since: [4, 17],
    capabilities: ['CAP_BPF', 'CAP_PERFMON'],
    config: 'CONFIG_BPF_EVENTS',
    instead: 'tracepoints',
  },
  {
    facility: 'tracepoint',
    title: 'system calls by tracepoint',
    since: [4, 7],
    capabilities: ['CAP_BPF', 'CAP_PERFMON'],
    config: 'CONFIG_FTRACE_SYSCALLS',
    instead: 'packets only',
  },
  {
    facility: 'uprobe',
    title: 'uprobe',
    since: [4, 17],
    capabilities: ['CAP_BPF', 'CAP_PERFMON'],
    config: 'CONFIG_UPROBE_EVENTS',
    instead: 'only handshakes of TLS are seen',
  },
  {
    facility: 'probe_cookies',
    title: 'numbers of probes (attach cookies)',
    since: [5, 15],
    capabilities: [],
    config: 'CONFIG_DEBUG_INFO_BTF',
    instead: 'only handshakes of TLS are seen',
  },
  {
    facility: 'uprobe_multi',
    title: 'uprobe, many at once',
    since: [6, 6],
    capabilities: ['CAP_BPF', 'CAP_PERFMON'],
    config: 'CONFIG_UPROBE_EVENTS',
    instead: 'probes are attached one by one',
  },
  {
    facility: 'perf_event',
    title: 'perf events',
    since: [4, 9],
    capabilities: ['CAP_BPF', 'CAP_PERFMON'],
    config: 'CONFIG_PERF_EVENTS',
    instead: 'nothing is lost',
  },
  {
    facility: 'sock_ops',
    title: 'TCP options (sockops)',
    since: [5, 10],
    capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'],
    config: 'CONFIG_CGROUP_BPF',
    instead: 'nothing is lost',
  },
];

/** What trying one of them gave. */
export type Outcome =
  | { kind: 'works' }
  /** The kernel refused; `code` is of errno. */
  | { kind: 'refused'; code: string; message: string }
  /** It could not be tried: a part of the collector is missing. */
  | { kind: 'untried'; message: string };

/** One that is not there was not tried. */
export type Outcomes = Partial<Record<Facility, Outcome>>;
