/* Which processes are traced, and their beginning and end. */
#ifndef DEEPFLOW_PROCESSES_H
#define DEEPFLOW_PROCESSES_H

#include "../shared/emit.h"
#include "options.h"

static __always_inline bool is_own_process(void) {
  struct bpf_pidns_info id = {};
  return !bpf_get_ns_current_pid_tgid(own_namespace_device, own_namespace_inode, &id, sizeof(id)) && id.tgid == own_pid;
}

/* Asks the filters; once per thread, and again when user space changed one. */
static __noinline void judge(struct thread_state *thread, const struct settings *now) {
  if (!thread || !now) return;
  __u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
  __u32 verdict = process ? process->verdict : VERDICT_NONE;
  if (is_own_process()) verdict = VERDICT_IGNORE;
  if (verdict == VERDICT_NONE && filter_cgroups) {
    __u64 cgroup = bpf_get_current_cgroup_id();
    __u32 *of_cgroup = bpf_map_lookup_elem(&cgroups, &cgroup);
    if (of_cgroup) verdict = *of_cgroup;
  }
  if (verdict == VERDICT_NONE) verdict = now->default_verdict;
  thread->verdict = verdict;
  thread->process_flags = process ? process->flags : 0;
  thread->generation = now->generation;
}

static __always_inline bool is_traced(struct thread_state *thread) {
  __u32 zero = 0;
  struct settings *now = bpf_map_lookup_elem(&settings, &zero);
  if (!now) return false;
  if (thread->generation != now->generation) judge(thread, now);
  return thread->verdict == VERDICT_TRACE;
}

static __always_inline void begin_process_event(struct event *event, __u8 kind) {
  __u64 id = bpf_get_current_pid_tgid();
  event->time_ns = event->begin_ns = bpf_ktime_get_ns();
  event->cgroup = bpf_get_current_cgroup_id();
  event->pid = id >> 32;
  event->tid = (__u32)id;
  event->kind = kind;
  event->source = SOURCE_SYSCALL;
}

#define PATH_MAX_SENT 1024

static __always_inline int on_exec(__u64 path) {
  struct thread_state *thread = find_thread();
  if (thread) {
    thread->generation = 0;
    thread->call = 0;
    thread->tls.depth = 0;
    thread->coroutine = 0;
  }
  __u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
  if (process) process->flags = 0; /* what runs now may be no Go program; the filter's verdict holds until user space gives another */
  struct { struct event event; char path[PATH_MAX_SENT]; } *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
  if (!record) {
    count(COUNTER_RING_FULL);
    return 0;
  }
  __builtin_memset(&record->event, 0, sizeof(record->event));
  begin_process_event(&record->event, EVENT_EXEC);
  long length = bpf_probe_read_kernel_str(record->path, PATH_MAX_SENT, (void *)path);
  if (length > 0) record->event.captured = record->event.length = length - 1;
  submit(record, sizeof(*record));
  return 0;
}

/* A child is filtered as its parent is, until it executes something else and user space says otherwise. */
static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child) {
  __u32 from = FIELD(parent, task_struct, tgid), to = FIELD(child, task_struct, tgid);
  if (from == to) return 0;
  struct process_state *state = bpf_map_lookup_elem(&processes, &from);
  if (!state) return 0;
  struct process_state copy = *state;
  bpf_map_update_elem(&processes, &to, &copy, BPF_ANY);
  return 0;
}

static __always_inline int on_process_exit(void) {
  struct task_struct *task = current_task();
#ifdef THREADS_IN_HASH
  __u32 tid = (__u32)bpf_get_current_pid_tgid();
  bpf_map_delete_elem(&threads, &tid);
#endif
  if (FIELD(task, task_struct, signal) && FIELD(FIELD(task, task_struct, signal), signal_struct, live.counter) > 0) return 0;
  struct event event = {};
  begin_process_event(&event, EVENT_EXIT);
  event.length = FIELD(task, task_struct, exit_code);
  bpf_map_delete_elem(&processes, &event.pid);
  if (emit_bare(&event)) count(COUNTER_RING_FULL);
  return 0;
}

#endif
