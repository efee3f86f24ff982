/* Sends what a TLS library's caller sees, in the place of the socket that carries it. */
#ifndef DEEPFLOW_PLAINTEXT_H
#define DEEPFLOW_PLAINTEXT_H

#include "../sockets/processes.h"
#include "../sockets/socket.h"

/* The current thread, when its process is traced. */
static __always_inline struct thread_state *traced_thread(void) {
  struct thread_state *thread = take_thread();
  if (!thread) {
    count(COUNTER_NO_THREAD);
    return 0;
  }
  return is_traced(thread) ? thread : 0;
}

/* Bytes of a connection that were read or written in the clear. */
struct plaintext {
  __u64 buffer;
  __u64 begin_ns;
  __u64 goroutine;      /* address of its g; 0: not Go */
  __u64 inode;          /* of the socket, where the connection was followed to it; else 0 */
  __u32 length;
  __u8 direction;
  __u8 source;
  __u8 pad[2];
};

/* The event tells its socket and addresses already, and its sequence number; of a read that may be 0: that of the last record that was read. */
static __always_inline void tell_plaintext(struct thread_state *thread, struct event *event, const struct plaintext *text) {
  __u64 id = bpf_get_current_pid_tgid();
  event->time_ns = bpf_ktime_get_ns();
  event->begin_ns = text->begin_ns;
  event->cgroup = bpf_get_current_cgroup_id();
  event->coroutine = thread->coroutine;
  event->parent_goroutine = thread->coroutine_parent;
  event->pid = id >> 32;
  event->tid = (__u32)id;
  event->kind = EVENT_DATA;
  event->source = text->source;
  event->direction = text->direction;
  event->length = text->length;
  if (text->goroutine) {
    struct process_state *process = bpf_map_lookup_elem(&processes, &event->pid);
    if (process && process->flags & PROCESS_GO) describe_goroutine(process, text->goroutine, event);
  } else if (thread->process_flags & PROCESS_GO) read_goroutine(bpf_map_lookup_elem(&processes, &event->pid), event);
  event->trace_id = advance_trace(find_trace(thread, event->pid, event->goroutine), event->socket, event->direction);
  __u64 socket = event->socket;
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &socket);
  /* the first call over a connection that has been idle since before we came: it is written in the clear before the socket is used */
  if (!state && text->inode) state = take_socket(socket, text->inode);
  if (!state) {
    count(COUNTER_TLS_NO_SOCKET);
    return;
  }
  event->role = state->role;
  if (event->direction == DIRECTION_IN && !event->sequence) event->sequence = state->record_sequence;
  if (state->clear.flags & LIMIT_MUTE) return;
  __u8 first[8] = {};
  bpf_probe_read_user(first, text->length < 8 ? text->length & 7 : 8, (void *)text->buffer);
  event->captured = allow_payload(&state->clear, event->direction, first, event->length);
  if (event->captured < event->length) event->flags |= EVENT_CUT;
  struct payload payload = { .base = text->buffer };
  event->dropped = state->dropped;
  if (emit(event, &payload)) state->dropped++;
  else {
    state->dropped = 0;
    state->flags |= SOCKET_SEEN;
  }
}

#endif
