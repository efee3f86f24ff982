/* From a file descriptor to the socket behind it, and from the socket to addresses, sequence numbers and what is remembered of it. */
#ifndef DEEPFLOW_SOCKET_H
#define DEEPFLOW_SOCKET_H

#include "../shared/emit.h"
#include "options.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_SEQPACKET 5
#define IPPROTO_MPTCP 262
#define TRANSPORT_TCP 6
#define TRANSPORT_UDP 17

/* What a descriptor names: `sock` or `file` (a regular one), or neither. */
struct target {
  __u64 sock;
  __u64 file;
  __u64 inode;
};

static __always_inline __u64 find_file(__u32 descriptor) {
  struct files_struct *files = TRUSTED(current_task(), task_struct, files);
  if (!files) return 0;
  struct fdtable *table = FIELD(files, files_struct, fdt);
  if (!table || descriptor >= FIELD(table, fdtable, max_fds)) return 0;
  return WORD((__u64)FIELD(table, fdtable, fd) + 8UL * descriptor);
}

static __always_inline bool find_target(__u32 descriptor, struct target *target) {
  target->sock = 0;
  target->file = 0;
  __u64 file = find_file(descriptor);
  if (!file) return false;
  struct inode *inode = FIELD(file, file, f_inode);
  __u16 mode = FIELD(inode, inode, i_mode) & S_IFMT;
  target->inode = FIELD(inode, inode, i_ino);
  if (mode == S_IFREG) target->file = file;
  else if (mode == S_IFSOCK) target->sock = WORD((__u64)FIELD(file, file, private_data) + bpf_core_field_offset(struct socket, sk));
  return target->sock || target->file;
}

/* Whether this descriptor is the only thing that holds the file. */
static __always_inline bool is_last_reference(__u64 file) {
  struct file___ref *counted = (void *)file;
  struct file___count *older = (void *)file;
  long references = 0;
  if (bpf_core_field_exists(counted->f_ref)) {
    bpf_core_read(&references, sizeof(references), &counted->f_ref.refcnt.counter);
    return references == 0;
  }
  bpf_core_read(&references, sizeof(references), &older->f_count.counter);
  return references == 1;
}

struct words { __u32 word[4]; };

/* Writes an IPv6 address; an IPv4-mapped one as IPv4. Gives the family. */
static __always_inline __u8 write_address(__u8 *to, const struct words *from) {
  struct words *out = (void *)to;
  if (from->word[0] == 0 && from->word[1] == 0 && from->word[2] == bpf_htonl(0xffff)) {
    out->word[0] = from->word[3];
    out->word[1] = out->word[2] = out->word[3] = 0;
    return 4;
  }
  *out = *from;
  return 6;
}

static __always_inline void write_v4(__u8 *to, __u32 address) {
  struct words *out = (void *)to;
  out->word[0] = address;
  out->word[1] = out->word[2] = out->word[3] = 0;
}

static __always_inline __u64 inode_of(__u64 sock) {
  struct socket *socket = FIELD(sock, sock, sk_socket);
  if (!socket) return 0;
  struct file *file = FIELD(socket, socket, file);
  if (!file) return 0;
  return FIELD(FIELD(file, file, f_inode), inode, i_ino);
}

static __always_inline __u64 peer_of_unix(__u64 sock) { return WORD(sock + bpf_core_field_offset(struct unix_sock, peer)); }
static __always_inline __u64 address_of_unix(__u64 sock) { return WORD(sock + bpf_core_field_offset(struct unix_sock, addr)); }

/* A server's socket has the path that it listens on, a client's hardly ever one. Those without any are pairs that a process made for itself
 * or its children, to wake threads with: they are no calls, and would begin trace ids of their own. */
static __always_inline bool describe_unix(__u64 sock, __u64 inode, struct event *event) {
  __u64 peer = peer_of_unix(sock);
  bool is_named = address_of_unix(sock) != 0;
  bool is_peer_named = peer && address_of_unix(peer) != 0;
  if (!is_named && !is_peer_named) return false;
  if (is_named != is_peer_named) event->role = is_named ? ROLE_SERVER : ROLE_CLIENT;
  event->flags |= EVENT_UNIX;
  *(__u64 *)event->local = inode;
  *(__u64 *)event->remote = name_socket(peer);
  *(__u64 *)(event->remote + 8) = peer ? inode_of(peer) : 0;
  return true;
}

/* Fills family, transport, ports, addresses and namespace; false: not a socket that is traced. */
static __always_inline bool describe_socket(__u64 sock, __u64 inode, struct event *event) {
  __u16 family = FIELD(sock, sock, __sk_common.skc_family);
  __u16 type = FIELD(sock, sock, sk_type);
  event->socket = name_socket(sock);
  event->netns = FIELD(FIELD(sock, sock, __sk_common.skc_net.net), net, ns.inum);
  if (family == AF_UNIX) return trace_unix && type == SOCK_STREAM && describe_unix(sock, inode, event);
  if (family != AF_INET && family != AF_INET6) return false;
  __u16 protocol = FIELD(sock, sock, sk_protocol);
  if (type == SOCK_STREAM && (protocol == TRANSPORT_TCP || protocol == IPPROTO_MPTCP)) event->transport = TRANSPORT_TCP;
  else if (type == SOCK_DGRAM && protocol == TRANSPORT_UDP) event->transport = TRANSPORT_UDP;
  else return false;
  event->local_port = bpf_ntohs(FIELD(sock, inet_sock, inet_sport)); /* skc_num is 0 again once TCP has closed */
  event->remote_port = bpf_ntohs(FIELD(sock, sock, __sk_common.skc_dport));
  __u32 local = FIELD(sock, sock, __sk_common.skc_rcv_saddr), remote = FIELD(sock, sock, __sk_common.skc_daddr);
  if (family == AF_INET) {
    write_v4(event->local, local);
    write_v4(event->remote, remote);
    event->family = 4;
    return true;
  }
  struct words address;
#ifdef PROBE_READS
  bpf_core_read(&address, sizeof(address), &((struct sock *)sock)->__sk_common.skc_v6_rcv_saddr);
#else
  struct sock *typed = bpf_rdonly_cast((void *)sock, bpf_core_type_id_kernel(struct sock));
  bpf_core_read(&address, sizeof(address), &typed->__sk_common.skc_v6_rcv_saddr);
#endif
  __u8 of_local = write_address(event->local, &address);
#ifdef PROBE_READS
  bpf_core_read(&address, sizeof(address), &((struct sock *)sock)->__sk_common.skc_v6_daddr);
#else
  bpf_core_read(&address, sizeof(address), &typed->__sk_common.skc_v6_daddr);
#endif
  event->family = write_address(event->remote, &address);
  /* not connected: the other end may be told by the call; until then the local end decides */
  if (event->remote_port == 0) event->family = of_local;
  return true;
}

struct socket_name { __u16 family; __u16 port; __u32 v4; struct words v6; };

/* The peer of one datagram, as its call named it; leaves the event as it is when it did not. */
static __always_inline void read_peer(__u64 name, struct event *event) {
  struct socket_name peer = {};
  if (!name || bpf_probe_read_user(&peer, 8, (void *)name)) return;
  if (peer.family == AF_INET) {
    write_v4(event->remote, peer.v4);
    event->family = 4;
  } else if (peer.family == AF_INET6) {
    if (bpf_probe_read_user(&peer.v6, sizeof(peer.v6), (void *)(name + 8))) return;
    event->family = write_address(event->remote, &peer.v6);
  } else return;
  event->remote_port = bpf_ntohs(peer.port);
  if (event->family == 4 && *(__u64 *)event->local == 0) write_v4(event->local, 0);
}

/* TCP numbers are the connection's own; a multipath socket has its subflows' instead, so it is numbered as other sockets are. */
static __always_inline bool has_sequence(__u64 sock, const struct event *event) {
  return event->transport == TRANSPORT_TCP && FIELD(sock, sock, sk_protocol) == TRANSPORT_TCP;
}

static __always_inline bool is_stream(__u64 sock) { return FIELD(sock, sock, sk_type) == SOCK_STREAM; }

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define STATES(a, b, c, d) (1U << (a) | 1U << (b) | 1U << (c) | 1U << (d))
#define PEER_FINISHED STATES(6, 8, 9, 11)  /* TIME_WAIT, CLOSE_WAIT, LAST_ACK, CLOSING */
#define WE_FINISHED STATES(4, 5, 9, 11)    /* FIN_WAIT1, FIN_WAIT2, LAST_ACK, CLOSING */

static __always_inline bool in_states(__u64 sock, __u32 states) {
  __u32 state = FIELD(sock, sock, __sk_common.skc_state);
  return (states >> (state & 31) & 1) || (state == TCP_CLOSE && FIELD(sock, sock, sk_err) == 0);
}

/* The number after the last byte that was read: a FIN takes a number too, which is passed with the last bytes before it. */
static __always_inline __u32 read_until(__u64 sock) {
  __u32 read = FIELD(sock, tcp_sock, copied_seq);
  return read == FIELD(sock, tcp_sock, rcv_nxt) && in_states(sock, PEER_FINISHED) ? read - 1 : read;
}

static __always_inline __u32 written_until(__u64 sock) {
  __u32 written = FIELD(sock, tcp_sock, write_seq);
  return in_states(sock, WE_FINISHED) ? written - 1 : written;
}

static __always_inline __u32 not_acknowledged(__u64 sock) {
  return FIELD(sock, tcp_sock, write_seq) - FIELD(sock, tcp_sock, snd_una);
}

/* Tells the end of a socket with the pid that used it last, where user space knows the socket. */
static __noinline void tell_close(__u64 name, __u32 length, struct socket_state *state) {
  if (!state || (state->flags & (SOCKET_SEEN | SOCKET_CLOSED)) != SOCKET_SEEN) return;
  struct event event = {};
  event.time_ns = event.begin_ns = bpf_ktime_get_ns();
  event.socket = name;
  event.pid = event.tid = state->pid;
  event.kind = EVENT_CLOSE;
  event.source = SOURCE_SYSCALL;
  event.role = state->role;
  event.length = length;
  event.dropped = state->dropped;
  if (emit_bare(&event)) count(COUNTER_RING_FULL);
  state->flags |= SOCKET_CLOSED;
}

static __always_inline void remember_socket(__u64 name, __u64 inode, __u8 role) {
  struct socket_state fresh = { .inode = inode, .born_ns = bpf_ktime_get_ns(), .role = role };
  bpf_map_update_elem(&sockets, &name, &fresh, BPF_ANY);
}

/* What is remembered of a socket; a new memory when its address had another socket before. Null when there is no room. */
static __noinline __attribute__((unused)) struct socket_state *take_socket(__u64 name, __u64 inode) {
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  if (state && state->inode == inode) return state;
  if (state && state->inode == 0) {
    state->inode = inode;
    return state;
  }
  if (state) {
    count(COUNTER_SOCKET_REUSED);
    tell_close(name, 0, state);
  }
  remember_socket(name, inode, ROLE_UNKNOWN);
  return bpf_map_lookup_elem(&sockets, &name);
}

static __always_inline void remember_ends(struct socket_state *state, const struct event *event) {
  struct ends *ends = &state->ends;
  ends->netns = event->netns;
  ends->local_port = event->local_port;
  ends->remote_port = event->remote_port;
  *(struct words *)ends->local = *(const struct words *)event->local;
  *(struct words *)ends->remote = *(const struct words *)event->remote;
  ends->family = event->family;
}

/* Describes a socket and finds what is remembered of it; null: not one that is traced. `peer`: user's struct sockaddr of the peer of a
 * datagram, or 0. */
static __noinline __attribute__((unused)) struct socket_state *look_at_socket(__u64 sock, __u64 inode, __u64 peer, struct event *event) {
  if (!event || !describe_socket(sock, inode, event)) return 0;
  if (event->transport == TRANSPORT_UDP && peer) read_peer(peer, event);
  if (!(event->flags & EVENT_UNIX) && !ports_pass(event->local_port, event->remote_port)) return 0;
  struct socket_state *state = take_socket(event->socket, inode);
  if (state && event->transport == TRANSPORT_TCP) remember_ends(state, event);
  return state;
}

/* The same for a socket that is used again: most are connections whose ends are known. */
static __always_inline struct socket_state *find_socket(__u64 sock, __u64 inode, __u64 peer, struct event *event) {
  __u64 name = name_socket(sock);
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  if (!state || state->inode != inode || !state->ends.family) return look_at_socket(sock, inode, peer, event);
  const struct ends *ends = &state->ends;
  event->socket = name;
  event->netns = ends->netns;
  event->local_port = ends->local_port;
  event->remote_port = ends->remote_port;
  *(struct words *)event->local = *(const struct words *)ends->local;
  *(struct words *)event->remote = *(const struct words *)ends->remote;
  event->family = ends->family;
  event->transport = TRANSPORT_TCP;
  return state;
}

/* ---- TCP's own states: roles, and the end that no process tells ---- */

static __always_inline void begin_limit(struct limit *limit, __u32 cap) {
  if (!cap || limit->flags) return;
  limit->cap = cap;
  limit->flags = LIMIT_SET;
}

/* A new connection is looked at as earlier ones to the same server were. */
static __always_inline void limit_by_port(__u64 sock, __u64 name, __u8 role) {
  __u32 port = role == ROLE_SERVER ? FIELD(sock, sock, __sk_common.skc_num) : bpf_ntohs(FIELD(sock, sock, __sk_common.skc_dport));
  struct port_limit *known = bpf_map_lookup_elem(&port_limits, &port);
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  if (!known || !state) return;
  begin_limit(&state->wire, known->wire);
  begin_limit(&state->clear, known->clear);
}

static __always_inline int on_tcp_state(__u64 sock, int from, int to) {
  if (FIELD(sock, sock, sk_protocol) != TRANSPORT_TCP) return 0;
  __u64 name = name_socket(sock);
  if (to == TCP_ESTABLISHED && (from == TCP_SYN_SENT || from == TCP_SYN_RECV)) {
    __u8 role = from == TCP_SYN_SENT ? ROLE_CLIENT : ROLE_SERVER;
    __u64 inode = inode_of(sock);
    struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
    if (state && inode && state->inode == inode) {
      state->role = role;
      state->ends.family = 0; /* it may have had a connection before */
    } else remember_socket(name, 0, role);
    limit_by_port(sock, name, role);
    return 0;
  }
  if (to != TCP_CLOSE) return 0;
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  if (!state) return 0;
  /* a process that still has it open may have data left to read: its close() tells the end, or on_tcp_destroy */
  if (FIELD(sock, sock, sk_socket)) return 0;
  tell_close(name, from == TCP_SYN_SENT ? 0 : not_acknowledged(sock), state);
  bpf_map_delete_elem(&sockets, &name);
  return 0;
}

/* The last that is heard of a TCP socket, whoever closed it. */
static __always_inline int on_tcp_destroy(__u64 sock) {
  __u64 name = name_socket(sock);
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  if (!state) return 0;
  tell_close(name, 0, state);
  bpf_map_delete_elem(&sockets, &name);
  return 0;
}

#endif
