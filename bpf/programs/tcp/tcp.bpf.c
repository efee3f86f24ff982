/* TCP connections as the kernel itself counts them: one EVENT_TCP when a connection is over or could not be made, and one for
 * each that is open whenever user space reads the iterator. Nothing runs per packet but a filter on packets that are dropped.
 *
 *   inet_sock_set_state   begin, connect latency, role, owner; CLOSE emits
 *   tcp_retransmit_skb    SYNs that were repeated           tcp_send_reset, tcp_receive_reset   who reset, and why
 *   kfree_skb             drops by reason                   iter/task_file                      what is open, and whose it is
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../shared/event.h"
#include "kernel.h"

char LICENSE[] SEC("license") = "GPL";

enum { AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6, IPV4_HEADER = 20, IPV6_HEADER = 40 };
enum { ESTABLISHED = 1, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING, NEW_SYN_RECV };

struct event_and_counters {
  struct event event;
  struct tcp_event tcp;
};

/* What the kernel does not keep about a connection, and must be seen when it happens. */
struct connection {
  __u64 begin_ns;
  __u64 cgroup;
  __u32 pid;
  __u32 tid;
  __u32 connect_us;
  __u32 sent_initial;
  __u32 received_initial;
  __u32 syn_retransmitted;
  __u32 reset_reason;
  __u8 role;
  __u8 reset;
  __u8 flags;
  __u8 pad;
  __u32 drop_reason[TCP_DROP_SLOTS];
  __u32 drops[TCP_DROP_SLOTS];
};

/* Shared with the other programs; user space sets the size. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 20);
} events SEC(".maps");

/* By address of the socket. Least recently used ones give way: a socket that was never closed in sight costs nothing for long. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, __u64);
  __type(value, struct connection);
} connections SEC(".maps");

/* Records that found no room in the ring. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} tcp_lost SEC(".maps");

static const struct connection nothing;

const volatile __u32 wake_bytes = 256 << 10;

static __always_inline struct connection *find(const struct sock *sk) {
  __u64 key = (__u64)sk;
  return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline struct connection *find_or_add(const struct sock *sk) {
  __u64 key = (__u64)sk;
  struct connection *found = bpf_map_lookup_elem(&connections, &key);
  if (found) return found;
  bpf_map_update_elem(&connections, &key, &nothing, BPF_NOEXIST);
  return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline void forget(const struct sock *sk) {
  __u64 key = (__u64)sk;
  bpf_map_delete_elem(&connections, &key);
}

static __always_inline void owner(struct connection *connection) {
  __u64 id = bpf_get_current_pid_tgid();
  connection->pid = id >> 32;
  connection->tid = id;
  connection->cgroup = bpf_get_current_cgroup_id();
}

static __always_inline int is_mapped(const struct in6_addr *address) {
  return address->u6_addr32[0] == 0 && address->u6_addr32[1] == 0 && address->u6_addr32[2] == bpf_htonl(0xffff);
}

static __always_inline void addresses(struct event *event, const struct sock *sk) {
  const struct sock_common *common = &sk->__sk_common;
  event->remote_port = bpf_ntohs(common->skc_dport);
  if (bpf_core_field_exists(common->skc_v6_daddr) && common->skc_family == AF_INET6 && !is_mapped(&common->skc_v6_daddr)) {
    event->family = 6;
    for (int word = 0; word < 4; word++) {
      ((__u32 *)event->local)[word] = common->skc_v6_rcv_saddr.u6_addr32[word];
      ((__u32 *)event->remote)[word] = common->skc_v6_daddr.u6_addr32[word];
    }
    return;
  }
  event->family = 4;
  *(__u32 *)event->local = common->skc_rcv_saddr;
  *(__u32 *)event->remote = common->skc_daddr;
}

static __always_inline void counters(struct tcp_event *out, const struct tcp_sock *tp) {
  out->bytes_sent = bpf_core_field_exists(tp->bytes_sent) ? tp->bytes_sent : 0;
  out->bytes_acked = tp->bytes_acked;
  out->bytes_received = tp->bytes_received;
  out->bytes_retransmitted = bpf_core_field_exists(tp->bytes_retrans) ? tp->bytes_retrans : 0;
  out->srtt_us = tp->srtt_us >> 3;
  out->rtt_variance_us = tp->mdev_us >> 2;
  out->min_rtt_us = tp->rtt_min.s[0].v == ~0U ? 0 : tp->rtt_min.s[0].v;
  out->congestion_window = tp->snd_cwnd;
  out->slow_start_threshold = tp->snd_ssthresh;
  out->segments_out = tp->segs_out;
  out->segments_in = tp->segs_in;
  out->retransmitted = tp->total_retrans;
  out->lost = tp->lost;
  out->out_of_order = bpf_core_field_exists(tp->rcv_ooopack) ? tp->rcv_ooopack : 0;
  out->delivered = tp->delivered;
}

/* `connection` may be unknown. `sk` is not a listener, a request or a time-wait socket. */
static __always_inline int fill(struct event_and_counters *record, struct sock *sk, const struct connection *connection, __u8 state) {
  const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
  if (!tp) return 0;
  struct event *event = &record->event;
  struct tcp_event *tcp = &record->tcp;
  __builtin_memset(record, 0, sizeof(*record));
  event->time_ns = bpf_ktime_get_ns();
  event->socket = (__u64)sk;
  event->kind = EVENT_TCP;
  event->transport = IPPROTO_TCP;
  event->netns = sk->__sk_common.skc_net.net->ns.inum;
  event->length = event->captured = sizeof(*tcp);
  addresses(event, sk);
  /* Not skc_num: closing has given the port back by now. */
  event->local_port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
  counters(tcp, tp);
  tcp->segment_bytes = tp->mss_cache;
  tcp->header_bytes = tp->tcp_header_len + (event->family == 6 ? IPV6_HEADER : IPV4_HEADER);
  tcp->state = state;
  tcp->error = sk->sk_err;
  if (sk->__sk_common.skc_flags & (1UL << bpf_core_enum_value(enum sock_flags, SOCK_DONE))) tcp->flags |= TCP_FIN_RECEIVED;
  if (!connection) return 1;
  event->begin_ns = connection->begin_ns;
  event->cgroup = connection->cgroup;
  event->pid = connection->pid;
  event->tid = connection->tid;
  event->role = connection->role;
  event->sequence = connection->sent_initial;
  event->other_sequence = connection->received_initial;
  tcp->connect_us = connection->connect_us;
  tcp->syn_retransmitted = connection->syn_retransmitted;
  tcp->reset = connection->reset;
  tcp->reset_reason = connection->reset_reason;
  tcp->flags |= connection->flags;
  for (int slot = 0; slot < TCP_DROP_SLOTS; slot++) {
    tcp->drop_reason[slot] = connection->drop_reason[slot];
    tcp->drops[slot] = connection->drops[slot];
  }
  return 1;
}

static __always_inline void emit(struct sock *sk, const struct connection *connection, __u8 state) {
  struct event_and_counters *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
  if (!record) {
    __u32 zero = 0;
    __u64 *lost = bpf_map_lookup_elem(&tcp_lost, &zero);
    if (lost) (*lost)++;
    return;
  }
  if (!fill(record, sk, connection, state)) {
    bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
    return;
  }
  /* User space looks by itself many times a second; it is woken when the ring fills, once for each such part of it. */
  __u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
  int crossed = waiting >= wake_bytes && (waiting & (wake_bytes - 1)) < sizeof(*record) + 8;
  bpf_ringbuf_submit(record, crossed ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_changed, struct sock *sk, int before, int after) {
  if (sk->sk_protocol != IPPROTO_TCP || before == LISTEN || after == LISTEN) return 0;
  struct connection *connection;
  switch (after) {
    case SYN_SENT:
      /* In connect(2): the caller is the owner. The address may have been used by a connection that ended out of sight. */
      forget(sk);
      connection = find_or_add(sk);
      if (!connection) return 0;
      connection->begin_ns = bpf_ktime_get_ns();
      connection->role = ROLE_CLIENT;
      owner(connection);
      return 0;
    case ESTABLISHED: {
      const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
      if (before == SYN_RECV) forget(sk);
      connection = find_or_add(sk);
      if (!connection || !tp) return 0;
      __u64 now = bpf_ktime_get_ns();
      if (before == SYN_SENT) {
        if (connection->begin_ns) connection->connect_us = (now - connection->begin_ns) / 1000;
      } else {
        connection->begin_ns = now;
        connection->role = ROLE_SERVER;
      }
      connection->flags |= TCP_CONNECTED;
      connection->sent_initial = tp->snd_una - 1;
      connection->received_initial = tp->rcv_nxt - 1;
      return 0;
    }
    case FIN_WAIT1:
    case LAST_ACK:
      /* In close(2), shutdown(2) or exit of who accepted it. */
      connection = find(sk);
      if (connection && !connection->pid) owner(connection);
      return 0;
    case CLOSE:
      connection = find(sk);
      if (connection && before == SYN_SENT && connection->begin_ns)
        connection->connect_us = (bpf_ktime_get_ns() - connection->begin_ns) / 1000;
      if (connection && !connection->pid && connection->role == ROLE_SERVER && before == ESTABLISHED && !sk->sk_err) owner(connection);
      emit(sk, connection, CLOSE);
      return 0;
  }
  return 0;
}

/* The state of a closed socket stays until here, for the reset that close(2) sends when not all was read. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(destroyed, struct sock *sk) {
  forget(sk);
  return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmitted, struct sock *sk) {
  if (sk->__sk_common.skc_state != SYN_SENT) return 0;
  struct connection *connection = find(sk);
  if (connection) connection->syn_retransmitted++;
  return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(reset_received, struct sock *sk) {
  struct connection *connection = find_or_add(sk);
  if (connection) connection->reset = RESET_RECEIVED;
  return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(reset_sent, struct sock *sk) {
  if (!sk) return 0; /* the answer to a packet of no connection */
  __u8 state = sk->__sk_common.skc_state;
  if (state == LISTEN || state == TIME_WAIT || state == NEW_SYN_RECV) return 0;
  struct connection *connection = find_or_add(sk);
  if (!connection) return 0;
  connection->reset = RESET_SENT;
  /* The argument came with the enum (Linux 6.10). */
  if (bpf_core_type_exists(enum sk_rst_reason)) connection->reset_reason = ctx[2];
  /* close(2) with unread data closes first and resets then. */
  if (state == CLOSE) emit(sk, connection, CLOSE);
  return 0;
}

static __always_inline void count_drop(const struct sock *sk, __u32 reason) {
  if (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6) return;
  __u8 state = sk->__sk_common.skc_state;
  if (state == LISTEN || state == TIME_WAIT || state == NEW_SYN_RECV || state == CLOSE) return;
  if (sk->sk_protocol != IPPROTO_TCP) return;
  struct connection *connection = find_or_add(sk);
  if (!connection) return;
  for (int slot = 0; slot < TCP_DROP_SLOTS; slot++) {
    if (connection->drops[slot] == 0 || slot == TCP_DROP_SLOTS - 1) connection->drop_reason[slot] = reason;
    if (connection->drop_reason[slot] != reason) continue;
    __sync_fetch_and_add(&connection->drops[slot], 1);
    return;
  }
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(dropped, struct sk_buff *skb, void *location, __u32 reason) {
  /* Below are those that say nothing: not dropped, consumed, not specified. */
  if (reason <= bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NOT_SPECIFIED)) return 0;
  struct sock *sk = skb->sk;
  if (sk) count_drop(sk, reason);
  return 0;
}

/* Linux 6.11 and later also tell the socket that a packet was for. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(dropped_at_socket, struct sk_buff *skb, void *location, __u32 reason, struct sock *receiver) {
  if (reason <= bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NOT_SPECIFIED)) return 0;
  if (receiver) {
    count_drop(receiver, reason);
    return 0;
  }
  struct sock *sk = skb->sk;
  if (sk) count_drop(sk, reason);
  return 0;
}

/* Every descriptor of every process, in all network namespaces; a descriptor that two processes share comes twice. */
SEC("iter/task_file")
int open_connections(struct bpf_iter__task_file *ctx) {
  struct file *file = ctx->file;
  struct task_struct *task = ctx->task;
  if (!file || !task) return 0;
  struct socket *socket = bpf_sock_from_file(file);
  if (!socket) return 0;
  struct sock *sk = socket->sk;
  if (!sk || sk->sk_protocol != IPPROTO_TCP) return 0;
  __u8 state = sk->__sk_common.skc_state;
  if (state == LISTEN || state == CLOSE || state == SYN_SENT) return 0;
  struct event_and_counters record;
  if (!fill(&record, sk, find(sk), state)) return 0;
  if (!record.event.pid) {
    record.event.pid = task->tgid;
    record.event.tid = task->pid;
  }
  bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
  return 0;
}
