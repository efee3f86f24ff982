/* Writes one event with its payload into the ring, from user memory without a copy on the way.
 * The kernel reserves constant sizes only, so there is a function for each of a few sizes; bytes that are reserved and not used are
 * not touched. */
#ifndef DEEPFLOW_EMIT_H
#define DEEPFLOW_EMIT_H

#include "threads.h"

/* Bytes of payload of one call as long as user space has not set a limit for the socket. */
const volatile __u32 cap_unknown = 1024;
/* The consumer is woken whenever this much more waits for it (a power of two); below, it comes by itself. Not with every record
 * beyond it: a wake-up is an interrupt that this CPU sends itself, half a microsecond at least in a virtual machine. */
const volatile __u32 wake_bytes = 256 * 1024;

#define SEGMENTS_MAX 16

struct vector { __u64 base; __u64 length; };

/* Where payload is: at `base`, or in the `segments` buffers that a struct iovec array at `base` lists. */
struct payload {
  __u64 base;
  __u32 segments;
  __u32 pad;
};

static __always_inline void submit(void *record, __u64 size) {
  count(COUNTER_EVENTS);
  __u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
  bool crossed = waiting >= wake_bytes && (waiting & (wake_bytes - 1)) < size + 8;
  bpf_ringbuf_submit(record, crossed ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline void faulted(struct event *event, __u32 captured) {
  event->captured = captured;
  event->flags |= EVENT_FAULT;
  count(COUNTER_FAULT);
}

/* These are global functions, which the verifier checks once and not for each caller. */
__noinline int emit_bare(const struct event *event) {
  if (!event) return -1;
  struct event *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
  if (!record) return -1;
  *record = *event;
  submit(record, sizeof(*record));
  return 0;
}

#define DEFINE_EMIT_FLAT(SIZE)                                                                              \
  __noinline int emit_flat_##SIZE(const struct event *event, __u64 base) {                                  \
    if (!event) return -1;                                                                                  \
    struct { struct event event; __u8 payload[SIZE]; } *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0); \
    if (!record) return -1;                                                                                 \
    record->event = *event;                                                                                 \
    __u64 captured = event->captured;                                                                       \
    if (captured > SIZE) captured = SIZE;                                                                   \
    if (bpf_probe_read_user(record->payload, captured, (void *)base)) faulted(&record->event, 0);           \
    submit(record, sizeof(*record));                                                                                      \
    return 0;                                                                                               \
  }

/* Twice the room: the verifier bounds offset and size apart from each other. */
#define DEFINE_EMIT_VECTOR(SIZE)                                                                            \
  __noinline int emit_vector_##SIZE(const struct event *event, __u64 base, __u32 segments) {                \
    if (!event) return -1;                                                                                  \
    struct { struct event event; __u8 payload[2 * SIZE]; } *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0); \
    if (!record) return -1;                                                                                 \
    record->event = *event;                                                                                 \
    __u64 wanted = event->captured, at = 0;                                                                 \
    if (wanted > SIZE) wanted = SIZE;                                                                       \
    for (__u32 i = 0; i < SEGMENTS_MAX; i++) {                                                              \
      struct vector vector;                                                                                 \
      if (i >= segments || at >= wanted) break;                                                             \
      if (bpf_probe_read_user(&vector, sizeof(vector), (void *)(base + i * sizeof(vector)))) break;         \
      __u64 size = wanted - at;                                                                             \
      if (size > vector.length) size = vector.length;                                                       \
      if (size > SIZE) break;                                                                               \
      if (bpf_probe_read_user(record->payload + (at & (SIZE - 1)), size, (void *)vector.base)) break;       \
      at += size;                                                                                           \
    }                                                                                                       \
    record->event.captured = at;                                                                            \
    if (at < wanted) {                                                                                      \
      if (segments > SEGMENTS_MAX) record->event.flags |= EVENT_CUT;                                        \
      else faulted(&record->event, at);                                                                     \
    }                                                                                                       \
    submit(record, sizeof(*record));                                                                                      \
    return 0;                                                                                               \
  }

DEFINE_EMIT_FLAT(256)
DEFINE_EMIT_FLAT(1024)
DEFINE_EMIT_FLAT(4096)
DEFINE_EMIT_FLAT(16384)
DEFINE_EMIT_VECTOR(256)
DEFINE_EMIT_VECTOR(1024)
DEFINE_EMIT_VECTOR(4096)
DEFINE_EMIT_VECTOR(16384)

#define PAYLOAD_MAX 16384

/* Writes an event with event->captured bytes of payload; what cannot be captured is told by its flags.
 * Gives 0, or -1 when the ring is full (counted). */
static __always_inline int emit(struct event *event, const struct payload *payload) {
  __u32 captured = event->captured;
  int result;
  if (captured == 0) result = emit_bare(event);
  else if (payload->segments) {
    if (captured <= 256) result = emit_vector_256(event, payload->base, payload->segments);
    else if (captured <= 1024) result = emit_vector_1024(event, payload->base, payload->segments);
    else if (captured <= 4096) result = emit_vector_4096(event, payload->base, payload->segments);
    else result = emit_vector_16384(event, payload->base, payload->segments);
  } else {
    if (captured <= 256) result = emit_flat_256(event, payload->base);
    else if (captured <= 1024) result = emit_flat_1024(event, payload->base);
    else if (captured <= 4096) result = emit_flat_4096(event, payload->base);
    else result = emit_flat_16384(event, payload->base);
  }
  if (result) count(COUNTER_RING_FULL);
  return result;
}

/* ---- how much of a call's bytes is sent ---- */

static __always_inline bool is_token(__u8 byte) { return (byte >= 'A' && byte <= 'Z') || byte == '-'; }

/* Data that may begin an HTTP/1 message: a method or "HTTP", after line ends that a peer may send too many; or too short to tell. */
static __always_inline bool may_begin_message(const __u8 *first, __u32 length) {
  if (length < 8 || first[0] == '\r' || first[0] == '\n') return true;
  return is_token(first[0]) && is_token(first[1]) && is_token(first[2]);
}

/* Gives the number of bytes to send of `length`, of which `first` holds the first 8 (fewer when length is), and books them. */
static __always_inline __u32 allow_payload(struct limit *limit, __u32 direction, const __u8 *first, __u32 length) {
  __u32 cap = limit->flags & LIMIT_SET ? limit->cap : cap_unknown;
  if (cap > PAYLOAD_MAX) cap = PAYLOAD_MAX;
  if (!(limit->flags & LIMIT_HEADS)) return length < cap ? length : cap;
  __u32 *left = direction == DIRECTION_OUT ? &limit->left[1] : &limit->left[0];
  if (may_begin_message(first, length)) *left = cap;
  __u32 allowed = length < *left ? length : *left;
  *left -= allowed;
  return allowed;
}

#endif
