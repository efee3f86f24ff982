/* Which processes are traced, and their beginning and end. */
#ifndef DEEPFLOW_PROCESSES_H
#define DEEPFLOW_PROCESSES_H

#include "../shared/emit.h"
#include "options.h"

static __always_inline bool is_own_process(void) {
  struct bpf_pidns_info id = {};
  return !bpf_get_ns_current_pid_tgid(own_namespace_device, own_namespace_inode, &id, sizeof(id)) && id.tgid == own_pid;
}

#define CGROUP_LEVELS_MAX 32

/* What the nearest of the thread's own cgroup and those above it says. */
static __always_inline __u32 judge_cgroup(void) {
  __u32 verdict = VERDICT_NONE;
  for (int level = 0; level < CGROUP_LEVELS_MAX; level++) {
    __u64 cgroup = bpf_get_current_ancestor_cgroup_id(level);
    if (!cgroup) break;
    __u32 *said = bpf_map_lookup_elem(&cgroups, &cgroup);
    if (said) verdict = *said;
  }
  return verdict;
}

/* Asks the filters; once per thread, and again when user space changed one. */
static __noinline void judge(struct thread_state *thread, const struct settings *now) {
  if (!thread || !now) return;
  __u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
  __u32 verdict = process ? process->verdict : VERDICT_NONE;
  if (is_own_process()) verdict = VERDICT_IGNORE;
  if (verdict == VERDICT_NONE && filter_cgroups) verdict = judge_cgroup();
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
  if (filter_cgroups && judge_cgroup() != VERDICT_TRACE) event->flags |= EVENT_OUTSIDE;
}

/* Bytes of path, arguments and environment; powers of two: the verifier sees by the mask that what is written lies within the record. */
#define PATH_MAX_SENT 1024
#define ARGUMENTS_MAX_SENT 4096
#define ENVIRONMENT_MAX_SENT 8192
/* Most fit a record of this kind, of which the ring holds more. */
#define ARGUMENTS_USUAL 1024
#define ENVIRONMENT_USUAL 4096

struct exec_record {
  struct event event;
  struct exec_event exec;
  char texts[];
};

/* From the new program's stack, where the kernel has just put them. Gives the bytes that were copied to `at`, none when they cannot be read. */
static __always_inline __u32 copy_words(char *at, __u64 from, __u64 to, __u32 most) {
  __u64 length = to - from;
  if (to <= from) return 0;
  if (length > most - 1) length = most - 1;
  length &= most - 1;
  return bpf_probe_read_user(at, length, (void *)from) ? 0 : length;
}

static __always_inline void describe_exec(struct exec_record *record, __u64 path, struct mm_struct *memory, __u32 most_arguments, __u32 most_environment) {
  struct task_struct *parent = FIELD(current_task(), task_struct, real_parent);
  long path_length = bpf_probe_read_kernel_str(record->texts, PATH_MAX_SENT, (void *)path);
  __u32 at = path_length > 0 ? (path_length - 1) & (PATH_MAX_SENT - 1) : 0;
  __builtin_memset(&record->event, 0, sizeof(record->event));
  begin_process_event(&record->event, EVENT_EXEC);
  record->exec.path_length = at;
  record->exec.parent = FIELD(parent, task_struct, tgid);
  __u32 length = copy_words(record->texts + at, FIELD(memory, mm_struct, arg_start), FIELD(memory, mm_struct, arg_end), most_arguments);
  record->exec.arguments_length = length;
  at = (at + length) & (most_environment - 1);
  length = copy_words(record->texts + at, FIELD(memory, mm_struct, env_start), FIELD(memory, mm_struct, env_end), most_environment);
  record->exec.environment_length = length;
  record->event.captured = record->event.length = sizeof(record->exec) + at + length;
}

/* When the reader was last woken for a new program; not exact where CPUs meet, which does no harm. */
static volatile __u64 exec_woken_ns;
#define EXEC_WAKE_NS 2000000

/* Filters and probes of a program are chosen by user space, so that it hears of it at once, save in a storm of them. */
static __always_inline void submit_exec(struct exec_record *record) {
  count(COUNTER_EVENTS);
  __u64 now = record->event.time_ns;
  bool wake = now - exec_woken_ns > EXEC_WAKE_NS;
  if (wake) exec_woken_ns = now;
  bpf_ringbuf_submit(record, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* The last text may begin as far behind as the mask of it allows, so that there is twice the room. */
#define TELL_EXEC(path, memory, ARGUMENTS, ENVIRONMENT)                                                            \
  ({                                                                                                              \
    struct exec_record *record = bpf_ringbuf_reserve(&events, sizeof(*record) + 2 * (ENVIRONMENT), 0);             \
    if (record) {                                                                                                 \
      describe_exec(record, path, memory, ARGUMENTS, ENVIRONMENT);                                                 \
      submit_exec(record);                                                                                        \
    } else count(COUNTER_RING_FULL);                                                                              \
  })

static __always_inline void tell_exec(__u64 path) {
  struct mm_struct *memory = FIELD(current_task(), task_struct, mm);
  __u64 arguments = FIELD(memory, mm_struct, arg_end) - FIELD(memory, mm_struct, arg_start);
  __u64 environment = FIELD(memory, mm_struct, env_end) - FIELD(memory, mm_struct, env_start);
  if (arguments < ARGUMENTS_USUAL && environment < ENVIRONMENT_USUAL) TELL_EXEC(path, memory, ARGUMENTS_USUAL, ENVIRONMENT_USUAL);
  else TELL_EXEC(path, memory, ARGUMENTS_MAX_SENT, ENVIRONMENT_MAX_SENT);
}

static __always_inline int on_exec(__u64 path) {
  struct thread_state *thread = find_thread();
  if (thread) {
    thread->generation = 0;
    thread->call = 0;
    thread->tls.depth = 0;
    thread->hands_over = 0;
    thread->coroutine = thread->coroutine_parent = 0;
  }
  __u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
  if (process) process->flags = 0; /* what runs now may be no Go program; the filter's verdict holds until user space gives another */
  tell_exec(path);
  return 0;
}

/* A child is filtered as its parent is, until it executes something else and user space says otherwise. */
static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child) {
  __u32 from = FIELD(parent, task_struct, tgid), to = FIELD(child, task_struct, tgid);
  if (from == to) return 0;
  struct event event = {};
  begin_process_event(&event, EVENT_FORK);
  event.pid = to;
  event.length = from;
  if (emit_bare(&event)) count(COUNTER_RING_FULL);
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
