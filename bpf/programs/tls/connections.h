/* Which socket a TLS connection (an SSL, a gnutls_session) runs over.
 *
 * Most libraries read and write the socket themselves, inside the call that the caller makes: the thread's socket call in between tells.
 * Where the caller moves the bytes (Node.js, asyncio and others with memory BIOs), it reads a record from the socket and then hands
 * it to the library on the same thread: the first call after such a read tells. Both are kept for calls that have neither. */
#ifndef DEEPFLOW_CONNECTIONS_H
#define DEEPFLOW_CONNECTIONS_H

#include "plaintext.h"

struct connection_key {
  __u64 connection;
  __u32 pid;
  __u32 pad;
};

struct connection {
  struct place place;   /* the socket's; sequence and times are of when it was learned */
  __u64 doubt;          /* another socket, that the last read before a call was of */
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct connection_key);
  __type(value, struct connection);
} connections SEC(".maps");

static __always_inline struct connection_key key_of(__u64 connection) {
  struct connection_key key = { .connection = connection, .pid = bpf_get_current_pid_tgid() >> 32, .pad = 0 };
  return key;
}

static __always_inline bool is_same(const struct place *a, const struct place *b) {
  return a->socket == b->socket && a->local_port == b->local_port && a->remote_port == b->remote_port;
}

static __always_inline bool is_open(const struct place *place) {
  __u64 socket = place->socket;
  return bpf_map_lookup_elem(&sockets, &socket) != 0;
}

static __noinline int learn(const struct connection_key *key, const struct place *place) {
  if (!key || !place) return 0;
  struct connection fresh = { .place = *place, .doubt = 0 };
  bpf_map_update_elem(&connections, key, &fresh, BPF_ANY);
  return 0;
}

/* A record is handed to the library at once; what was read longer ago was for somebody else. */
#define HANDED_WITHIN_NS 100000000

/* Before a read or handshake: a record that was read since the last one is this connection's. One that is already known to be another
 * socket's has to be contradicted twice, because programs that pass records on without opening them read such, too. The first call of
 * a thread proves nothing: who took the record before it was not watched. */
static __always_inline void learn_before(struct thread_state *thread, const struct connection_key *key, __u64 now_ns) {
  struct place *read = &thread->last[0];
  bool is_first = thread->tls.seen_ns == 0;
  if (!is_first && (!read->record || read->time_ns <= thread->tls.seen_ns)) return;
  thread->tls.seen_ns = now_ns;
  if (is_first || now_ns - read->time_ns > HANDED_WITHIN_NS) return;
  struct connection *known = bpf_map_lookup_elem(&connections, key);
  if (known && is_same(&known->place, read)) {
    known->doubt = 0;
    return;
  }
  if (known && known->doubt != read->socket && is_open(&known->place)) known->doubt = read->socket;
  else learn(key, read);
}

/* After a call: what the library itself moved meanwhile. Where several sockets are possible, the one whose bytes were records. */
static __always_inline void learn_within(struct thread_state *thread, const struct tls_call *call, const struct connection_key *key, __u32 direction) {
  struct place *place = direction == DIRECTION_OUT ? &thread->last[1] : &thread->last[0];
  if (place->begin_ns < call->begin_ns || place->family == 0) return;
  if (direction == DIRECTION_IN) thread->tls.seen_ns = place->time_ns;
  struct connection *known = bpf_map_lookup_elem(&connections, key);
  if (known && (is_same(&known->place, place) || !place->record)) return;
  learn(key, place);
}

#endif
