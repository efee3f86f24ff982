/* Notes which goroutine's call a connection of Go's HTTP client carries, and which goroutines write and read for that connection. What
 * they then do is told as the calling goroutine's (describe_goroutine in shared/threads.h). */
#ifndef DEEPFLOW_GO_OWNERS_H
#define DEEPFLOW_GO_OWNERS_H

#include "../shared/threads.h"

/* The process, when goroutines of it can be told apart. */
static __always_inline struct process_state *go_process(void) {
  __u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
  return process && process->flags & PROCESS_GO ? process : 0;
}

static __always_inline struct goroutine_key goroutine_key_of(__u64 goroutine) {
  struct goroutine_key key = { .goroutine = goroutine, .pid = bpf_get_current_pid_tgid() >> 32, .pad = 0 };
  return key;
}

static __always_inline int own_connection(__u64 connection, __u64 g) {
  struct process_state *process = go_process();
  struct goroutine_owner owner = {};
  if (!process || bpf_probe_read_user(&owner.goroutine, sizeof(owner.goroutine), (void *)(g + process->goid_offset))) return 0;
  if (process->parent_goid_offset)
    bpf_probe_read_user(&owner.parent, sizeof(owner.parent), (void *)(g + process->parent_goid_offset));
  struct goroutine_key key = goroutine_key_of(connection);
  bpf_map_update_elem(&connection_owners, &key, &owner, BPF_ANY);
  return 0;
}

static __always_inline int work_for_connection(__u64 connection, __u64 g) {
  struct process_state *process = go_process();
  __u64 goroutine = 0;
  if (!process || bpf_probe_read_user(&goroutine, sizeof(goroutine), (void *)(g + process->goid_offset))) return 0;
  process->flags |= PROCESS_WORKERS;
  struct goroutine_key key = goroutine_key_of(goroutine);
  __u64 *known = bpf_map_lookup_elem(&worker_connections, &key);
  if (!known || *known != connection) bpf_map_update_elem(&worker_connections, &key, &connection, BPF_ANY);
  return 0;
}

/* HTTP/2: the goroutine that calls starts one that writes the request. Numbers of goroutines stand where those above have a connection:
 * no memory of a program is at such small addresses. */
static __always_inline int own_calls(__u64 g) {
  struct process_state *process = go_process();
  __u64 goroutine = 0;
  if (!process || bpf_probe_read_user(&goroutine, sizeof(goroutine), (void *)(g + process->goid_offset))) return 0;
  struct goroutine_key key = goroutine_key_of(goroutine);
  return bpf_map_lookup_elem(&connection_owners, &key) ? 0 : own_connection(goroutine, g);
}

static __always_inline int work_for_parent(__u64 g) {
  struct process_state *process = go_process();
  __u64 parent = 0;
  if (!process || !process->parent_goid_offset) return 0;
  if (bpf_probe_read_user(&parent, sizeof(parent), (void *)(g + process->parent_goid_offset)) || !parent) return 0;
  struct goroutine_key key = goroutine_key_of(parent);
  /* Its call began before the probe was there. */
  struct goroutine_owner owner = { .goroutine = parent, .parent = 0 };
  if (!bpf_map_lookup_elem(&connection_owners, &key)) bpf_map_update_elem(&connection_owners, &key, &owner, BPF_NOEXIST);
  return work_for_connection(parent, g);
}

#endif
