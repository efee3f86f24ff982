/** Names of the numbers of linux/bpf.h, each list in the order of its enum. */

/** BPF_PROG_TYPE_* */
export const programTypes = [
  'unspec',
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'perf_event',
  'cgroup_skb',
  'cgroup_sock',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'sock_ops',
  'sk_skb',
  'cgroup_device',
  'sk_msg',
  'raw_tracepoint',
  'cgroup_sock_addr',
  'lwt_seg6local',
  'lirc_mode2',
  'sk_reuseport',
  'flow_dissector',
  'cgroup_sysctl',
  'raw_tracepoint_writable',
  'cgroup_sockopt',
  'tracing',
  'struct_ops',
  'ext',
  'lsm',
  'sk_lookup',
  'syscall',
  'netfilter',
] as const;

/** BPF_MAP_TYPE_* */
export const mapTypes = [
  'unspec',
  'hash',
  'array',
  'prog_array',
  'perf_event_array',
  'percpu_hash',
  'percpu_array',
  'stack_trace',
  'cgroup_array',
  'lru_hash',
  'lru_percpu_hash',
  'lpm_trie',
  'array_of_maps',
  'hash_of_maps',
  'devmap',
  'sockmap',
  'cpumap',
  'xskmap',
  'sockhash',
  'cgroup_storage',
  'reuseport_sockarray',
  'percpu_cgroup_storage',
  'queue',
  'stack',
  'sk_storage',
  'devmap_hash',
  'struct_ops',
  'ringbuf',
  'inode_storage',
  'task_storage',
  'bloom_filter',
  'user_ringbuf',
  'cgrp_storage',
  'arena',
] as const;

/** BPF_LINK_TYPE_* */
export const linkTypes = [
  'unspec',
  'raw_tracepoint',
  'tracing',
  'cgroup',
  'iter',
  'netns',
  'xdp',
  'perf_event',
  'kprobe_multi',
  'struct_ops',
  'netfilter',
  'tcx',
  'uprobe_multi',
  'netkit',
  'sockmap',
] as const;

/** The attach types that this package names: enum bpf_attach_type. */
export const attachTypes = {
  cgroup_sock_ops: 3,
  trace_raw_tp: 23,
  trace_fentry: 24,
  trace_fexit: 25,
  uprobe_multi: 48,
} as const;

export type ProgramType = (typeof programTypes)[number] | `type_${number}`;
export type MapType = (typeof mapTypes)[number] | `type_${number}`;
export type LinkType = (typeof linkTypes)[number] | `type_${number}`;

/** The name of a number, `type_40` for one that is younger than this list. */
export function nameOf<Names extends readonly string[]>(
  names: Names,
  number: number,
): Names[number] | `type_${number}` {
  return names[number] ?? `type_${number}`;
}
