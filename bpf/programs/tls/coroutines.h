/* Python's contexts: the one that a thread is in names the task (of asyncio) that it works for, or the connection whose data it takes. */
#ifndef DEEPFLOW_COROUTINES_H
#define DEEPFLOW_COROUTINES_H

#include "plaintext.h"
#include "registers.h"

/* From which context one was copied: a task's from that of who started it. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct goroutine_key); /* `goroutine`: the PyContext * */
  __type(value, __u64);
} context_parents SEC(".maps");

static __always_inline struct goroutine_key context_key_of(__u64 context) {
  struct goroutine_key key = { .goroutine = context, .pid = bpf_get_current_pid_tgid() >> 32, .pad = 0 };
  return key;
}

/* Holds until the next one: an event loop does nothing with sockets outside of contexts. */
static __always_inline int enter_context(__u64 context) {
  struct thread_state *thread = traced_thread();
  if (!thread || thread->coroutine == context) return 0;
  struct goroutine_key key = context_key_of(context);
  __u64 *parent = bpf_map_lookup_elem(&context_parents, &key);
  thread->coroutine = context;
  thread->coroutine_parent = parent ? *parent : 0;
  return 0;
}

static __always_inline int note_copy(__u64 context) {
  struct thread_state *thread = find_thread();
  if (!context || !thread || thread->verdict != VERDICT_TRACE || !thread->coroutine) return 0;
  struct goroutine_key key = context_key_of(context);
  __u64 parent = thread->coroutine;
  bpf_map_update_elem(&context_parents, &key, &parent, BPF_ANY);
  return 0;
}

#endif
