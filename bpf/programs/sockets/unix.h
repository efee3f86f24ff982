/* AF_UNIX sockets: the path that names the server, told once for each. */
#ifndef DEEPFLOW_UNIX_H
#define DEEPFLOW_UNIX_H

#include "socket.h"

/* 108 and the NUL that the kernel puts behind a path, not behind an abstract name; rounded up to a power of two, so that the verifier sees
 * by the mask that what is written lies within the record. */
#define UNIX_PATH_MAX 128

/* Tells the path of an AF_UNIX socket as its opening; at the time that counts for what `event` itself tells, so that it comes before that. */
static __noinline void tell_path(__u64 sock, const struct event *event, struct socket_state *state) {
  if (!event || !state) return;
  __u64 named = event->role == ROLE_SERVER ? sock : peer_of_unix(sock);
  __u64 address = named ? address_of_unix(named) : 0;
  struct { struct event event; __u8 path[UNIX_PATH_MAX]; } *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
  if (!record) {
    count(COUNTER_RING_FULL);
    return;
  }
  record->event = *event;
  record->event.kind = EVENT_OPEN;
  if (event->direction == DIRECTION_OUT) record->event.time_ns = event->begin_ns;
  record->event.length = 0;
  __u64 length = address ? FIELD(address, unix_address, len) - sizeof(__u16) : 0;
  length &= UNIX_PATH_MAX - 1;
  record->event.captured = length;
  if (bpf_probe_read_kernel(record->path, length, (void *)(address + bpf_core_field_offset(struct unix_address, name) + sizeof(__u16))))
    record->event.captured = 0;
  submit(record, sizeof(*record));
  state->flags |= SOCKET_NAMED | SOCKET_SEEN;
}

#endif
