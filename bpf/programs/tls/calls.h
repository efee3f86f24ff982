/* A call of a TLS library from its first probe to its second: one at a time on each thread. */
#ifndef DEEPFLOW_TLS_CALLS_H
#define DEEPFLOW_TLS_CALLS_H

#include "connections.h"
#include "registers.h"

/* A call that moves no data of the caller's: a handshake. */
#define DIRECTION_NONE 2

/* Frames of a call inside another one are not further away than this; another stack is. */
#define STACK_NEAR 65536
/* The second probe of a call is in the same frame as the first, or just above it. */
#define FRAME_NEAR 1024

static __always_inline bool is_within(const struct tls_call *call, __u64 stack) {
  return call->depth && stack < call->stack && call->stack - stack < STACK_NEAR;
}

/* Registers at the first probe: connection, buffer, length; `size_pointer` where the library writes how much it moved. */
static __noinline int begin_call(struct registers *context, __u8 source, __u8 direction, __u64 size_pointer) {
  struct thread_state *thread = traced_thread();
  if (!thread) return 0;
  struct tls_call *call = &thread->tls;
  /* What is not inside the call before replaces it: that never came back (a jump out of it, a thread's other stack). */
  if (is_within(call, context->sp) && call->depth < 255) {
    call->depth++;
    /* TLS within TLS: the outer call has the caller's bytes. */
    if (call->connection != context->di) count(COUNTER_TLS_NESTED);
    /* The library calls its own function for the same, or a callback of the library writes while it reads (Node.js, at the end of a
     * handshake). */
    if (call->depth > 2 || call->connection != context->di || call->direction == direction) return 0;
    call = &thread->tls_inner;
  } else thread->tls_inner.depth = 0;
  call->stack = context->sp;
  call->begin_ns = bpf_ktime_get_ns();
  call->connection = context->di;
  call->buffer = context->si;
  call->length = context->dx < 0xffffffff ? context->dx : 0xffffffff;
  call->size_pointer = size_pointer;
  call->sequence = 0;
  call->depth = 1;
  call->direction = direction;
  call->source = source;
  struct connection_key key = key_of(call->connection);
  if (direction != DIRECTION_OUT) {
    learn_before(thread, &key, call->begin_ns);
    return 0;
  }
  struct connection *known = bpf_map_lookup_elem(&connections, &key);
  if (known && known->place.transport == TRANSPORT_TCP && is_open(&known->place))
    call->sequence = written_until(named_socket(known->place.socket));
  return 0;
}

static __always_inline void describe_place(const struct place *place, struct event *event) {
  event->socket = place->socket;
  event->netns = place->netns;
  event->local_port = place->local_port;
  event->remote_port = place->remote_port;
  event->family = place->family;
  event->transport = place->transport;
  event->flags = place->flags;
  *(struct words *)event->local = *(const struct words *)place->local;
  *(struct words *)event->remote = *(const struct words *)place->remote;
}

/* The second probe: `moved` bytes, or nothing. */
static __noinline int tell_call(struct thread_state *thread, struct tls_call *call, __u32 moved) {
  if (!thread || !call) return 0;
  struct connection_key key = key_of(call->connection);
  __u8 direction = call->direction;
  if (direction != DIRECTION_OUT) learn_within(thread, call, &key, DIRECTION_IN);
  if (direction != DIRECTION_IN) learn_within(thread, call, &key, DIRECTION_OUT);
  if (direction == DIRECTION_NONE || moved == 0) return 0;
  struct connection *known = bpf_map_lookup_elem(&connections, &key);
  /* In a thread that hands records over, what was read last says nothing: many may wait to be handed over. */
  if (!known || (thread->hands_over && !known->proof)) {
    count(COUNTER_TLS_NO_SOCKET);
    return 0;
  }
  struct event event = {};
  describe_place(&known->place, &event);
  if (known->proof == PROOF_HANDED) event.sequence = known->place.sequence;
  if (direction == DIRECTION_OUT) {
    struct place *written = &thread->last[1];
    bool nested = written->begin_ns >= call->begin_ns && written->socket == event.socket;
    event.sequence = call->sequence ? call->sequence : nested ? written->sequence : 0;
  }
  struct plaintext text = {
    .buffer = call->buffer, .begin_ns = call->begin_ns, .length = moved, .direction = direction, .source = call->source,
  };
  tell_plaintext(thread, &event, &text);
  return 0;
}

/* The call that ends here; null when that one is not told. */
static __always_inline struct tls_call *leave_call(struct thread_state *thread, const struct registers *context) {
  if (!thread || !thread->tls.depth) return 0;
  struct tls_call *call = &thread->tls;
  if (call->depth > 1) {
    call->depth--;
    call = &thread->tls_inner;
    if (!call->depth || thread->tls.depth > 1) return 0;
  }
  __u64 distance = context->sp > call->stack ? context->sp - call->stack : call->stack - context->sp;
  if (distance > FRAME_NEAR) return 0;
  call->depth = 0;
  return call;
}

static __always_inline __u32 clamp(const struct tls_call *call, __s64 moved) {
  return moved > 0 && moved <= call->length ? moved : 0;
}

#endif
