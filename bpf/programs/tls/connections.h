/* Which socket a TLS connection (an SSL, a gnutls_session) runs over.
 *
 * Most libraries read and write the socket themselves, inside the call that the caller makes: the thread's socket call in between tells.
 * Where the caller moves the bytes, it reads a record from the socket and then hands it to the library on the same thread. Where it does so by
 * a call that is probed (Python), the record itself tells (handed.h). Elsewhere (Node.js) the first call after such a read does.
 * What was learned is kept for calls that have none of these. */
#ifndef DEEPFLOW_CONNECTIONS_H
#define DEEPFLOW_CONNECTIONS_H

#include "handed.h"

struct connection_key {
  __u64 connection;
  __u32 pid;
  __u32 pad;
};

enum proof {
  PROOF_NONE = 0,   /* the thread had read a record of this socket before: the best guess where calls that hand it over are not seen */
  PROOF_MOVED = 1,  /* the library itself moved bytes of it */
  PROOF_HANDED = 2, /* a record of it was handed to this connection */
};

struct connection {
  struct place place;   /* the socket's; sequence and times are of when it was learned */
  __u64 doubt;          /* another socket, that the last read before a call was of */
  __u8 proof;           /* enum proof */
  __u8 pad[7];
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

static __noinline int learn(const struct connection_key *key, const struct place *place, __u8 proof) {
  if (!key || !place) return 0;
  struct connection fresh = { .place = *place, .doubt = 0, .proof = proof };
  bpf_map_update_elem(&connections, key, &fresh, BPF_ANY);
  return 0;
}

/* The record that was handed over last is this connection's, if it holds the BIO that took it. */
static __always_inline void learn_handed(struct thread_state *thread, const struct connection_key *key) {
  if (!thread->handed_to) return;
  struct connection *known = bpf_map_lookup_elem(&connections, key);
  bool is_known = known && known->proof == PROOF_HANDED && is_same(&known->place, &thread->handed);
  if (!is_known && !holds_bio(key->connection, thread->handed_to)) return;
  thread->handed_to = 0;
  if (is_known) known->place.sequence = thread->handed.sequence;
  else learn(key, &thread->handed, PROOF_HANDED);
}

/* A record is handed to the library at once; what was read longer ago was for somebody else. */
#define HANDED_WITHIN_NS 100000000

/* Before a read or handshake: a record that was read since the last one is this connection's. One that is already known to be another
 * socket's has to be contradicted twice, because programs that pass records on without opening them read such, too. The first call of
 * a thread proves nothing: who took the record before it was not watched. */
static __always_inline void learn_before(struct thread_state *thread, const struct connection_key *key, __u64 now_ns) {
  if (thread->hands_over) {
    learn_handed(thread, key);
    return;
  }
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
  else learn(key, read, PROOF_NONE);
}

/* After a call: what the library itself moved meanwhile. Where several sockets are possible, the one whose bytes were records. */
static __always_inline void learn_within(struct thread_state *thread, const struct tls_call *call, const struct connection_key *key, __u32 direction) {
  struct place *place = direction == DIRECTION_OUT ? &thread->last[1] : &thread->last[0];
  if (place->begin_ns < call->begin_ns || place->family == 0) return;
  if (direction == DIRECTION_IN) thread->tls.seen_ns = place->time_ns;
  struct connection *known = bpf_map_lookup_elem(&connections, key);
  if (known && (is_same(&known->place, place) ? known->proof : !place->record)) return;
  learn(key, place, PROOF_MOVED);
}

#endif
