/* The dispatcher: what each system call means for a socket or a file, asked when it begins and told when it ends. x86_64 numbers. */
#ifndef DEEPFLOW_CALLS_H
#define DEEPFLOW_CALLS_H

#include "files.h"
#include "processes.h"
#include "unix.h"

enum call {
  CALL_READ = 0, CALL_WRITE = 1, CALL_CLOSE = 3, CALL_PREAD64 = 17, CALL_PWRITE64 = 18, CALL_READV = 19, CALL_WRITEV = 20,
  CALL_DUP2 = 33, CALL_SENDFILE = 40, CALL_CONNECT = 42, CALL_ACCEPT = 43, CALL_SENDTO = 44, CALL_RECVFROM = 45, CALL_SENDMSG = 46,
  CALL_RECVMSG = 47, CALL_SHUTDOWN = 48, CALL_SPLICE = 275, CALL_ACCEPT4 = 288, CALL_DUP3 = 292, CALL_PREADV = 295, CALL_PWRITEV = 296,
  CALL_RECVMMSG = 299, CALL_SENDMMSG = 307, CALL_PREADV2 = 327, CALL_PWRITEV2 = 328,
};

#define BIT(call) (1ULL << ((call) & 63))
#define LOW_CALLS (BIT(CALL_READ) | BIT(CALL_WRITE) | BIT(CALL_CLOSE) | BIT(CALL_PREAD64) | BIT(CALL_PWRITE64) | BIT(CALL_READV) | \
  BIT(CALL_WRITEV) | BIT(CALL_DUP2) | BIT(CALL_SENDFILE) | BIT(CALL_CONNECT) | BIT(CALL_ACCEPT) | BIT(CALL_SENDTO) | \
  BIT(CALL_RECVFROM) | BIT(CALL_SENDMSG) | BIT(CALL_RECVMSG) | BIT(CALL_SHUTDOWN))
#define HIGH_CALLS (BIT(CALL_SPLICE) | BIT(CALL_ACCEPT4) | BIT(CALL_DUP3) | BIT(CALL_PREADV) | BIT(CALL_PWRITEV) | BIT(CALL_RECVMMSG) | \
  BIT(CALL_SENDMMSG))

/* The first question of every system call of the host: a test of one bit. */
static __always_inline bool is_known_call(__u64 call) {
  if (call < 64) return LOW_CALLS >> call & 1;
  if (call >= 256 && call < 320) return HIGH_CALLS >> (call - 256) & 1;
  return call == CALL_PREADV2 || call == CALL_PWRITEV2;
}

static __always_inline bool is_write(__u32 call) {
  switch (call) {
    case CALL_WRITE: case CALL_WRITEV: case CALL_PWRITE64: case CALL_PWRITEV: case CALL_PWRITEV2: case CALL_SENDFILE: case CALL_SENDTO:
    case CALL_SENDMSG: case CALL_SENDMMSG: case CALL_SPLICE:
      return true;
    default: return false;
  }
}

/* One piece of data that a call moved. */
struct transfer {
  __u64 sock;
  __u64 inode;
  __u64 name;           /* user's struct sockaddr of the peer of a datagram, or 0 */
  struct payload payload;
  __u32 length;
  __u32 after;          /* bytes that the same call moved after these (recvmmsg, sendmmsg) */
  __u16 call;
  __u8 direction;
  __u8 flags;           /* EVENT_SENDFILE */
};

/* First bytes of the payload, for what is decided by them. Buffers of length 0 before them are skipped, and a list whose first
 * buffer already holds all that is wanted becomes that buffer. */
static __always_inline void peek(struct payload *payload, __u32 length, __u8 *first) {
  __u64 base = payload->base;
  __u32 size = length < 8 ? length : 8;
  if (payload->segments) {
    struct vector vector = {};
    bpf_probe_read_user(&vector, sizeof(vector), (void *)base);
    if (vector.length == 0 && payload->segments > 1) {
      payload->base += sizeof(vector);
      payload->segments--;
      bpf_probe_read_user(&vector, sizeof(vector), (void *)payload->base);
    }
    if (vector.length >= length) {
      payload->base = vector.base;
      payload->segments = 0;
    }
    if (vector.length < size) size = vector.length;
    base = vector.base;
  }
  if (size == 0) return;
  if (size > 8) size = 8;
  bpf_probe_read_user(first, size, (void *)base);
}

static __always_inline void number(struct event *event, const struct transfer *move, struct thread_state *thread, struct socket_state *state) {
  bool out = move->direction == DIRECTION_OUT;
  __u64 *moved = out ? &state->moved[1] : &state->moved[0];
  __u64 before = *moved;
  *moved = before + (event->transport == TRANSPORT_UDP ? 1 : move->length);
  if (!has_sequence(move->sock, event)) {
    event->sequence = before;
    event->other_sequence = out ? state->moved[0] : state->moved[1];
    return;
  }
  __u32 written = written_until(move->sock);
  event->sequence = (out ? written : read_until(move->sock)) - move->length - move->after;
  event->other_sequence = out ? thread->other_sequence : written;
}

static __always_inline void remember_place(struct thread_state *thread, const struct event *event, const __u8 *first, bool known) {
  struct place *place = event->direction == DIRECTION_OUT ? &thread->last[1] : &thread->last[0];
  place->socket = event->socket;
  place->begin_ns = event->begin_ns;
  place->time_ns = event->time_ns;
  place->sequence = event->sequence;
  place->other_sequence = event->other_sequence;
  place->length = event->length;
  place->netns = event->netns;
  place->local_port = event->local_port;
  place->remote_port = event->remote_port;
  place->role = event->role;
  place->family = event->family;
  place->transport = event->transport;
  place->flags = event->flags & EVENT_UNIX;
  *(struct words *)place->local = *(struct words *)event->local;
  *(struct words *)place->remote = *(struct words *)event->remote;
  place->first = first[0];
  place->known = known;
  place->record = known && begins_record(first);
  if (!thread->tls.depth) return;
  __u8 *calls = event->direction == DIRECTION_OUT ? &thread->tls.sockets[1] : &thread->tls.sockets[0];
  if (*calls < 255) *calls += 1;
}

/* What a program will hand to its TLS library is known by its first record. */
static __noinline int remember_record(struct thread_state *thread, __u64 base, __u32 length) {
  struct record_key key;
  if (thread && mark_record(base, length, &key)) bpf_map_update_elem(&records, &key, &thread->last[0], BPF_ANY);
  return 0;
}

static __always_inline void begin_event(struct event *event, struct thread_state *thread, __u8 kind, __u16 call) {
  __u64 id = bpf_get_current_pid_tgid();
  event->time_ns = bpf_ktime_get_ns();
  event->begin_ns = thread->begin_ns;
  event->cgroup = bpf_get_current_cgroup_id();
  event->coroutine = thread->coroutine;
  event->parent_goroutine = thread->coroutine_parent;
  event->pid = id >> 32;
  event->tid = (__u32)id;
  event->kind = kind;
  event->source = SOURCE_SYSCALL;
  event->syscall = call;
  if (thread->process_flags & PROCESS_GO) read_goroutine(bpf_map_lookup_elem(&processes, &event->pid), event);
}

static __always_inline void emit_for(struct event *event, const struct payload *payload, struct socket_state *state) {
  event->dropped = state->dropped;
  if (emit(event, payload)) state->dropped++;
  else {
    state->dropped = 0;
    state->flags |= SOCKET_SEEN;
  }
}

/* As it was opened; else, of an AF_UNIX socket, as its addresses tell. */
static __always_inline void take_role(struct event *event, struct socket_state *state) {
  if (state->role) event->role = state->role;
  else state->role = event->role;
}

/* Global, so that the verifier checks it once; it finds its thread again, because such a function takes no pointer into a map. */
__noinline int tell_transfer(struct transfer *move) {
  struct thread_state *thread = find_thread();
  if (!thread || !move) return 0;
  struct event event = {};
  struct socket_state *state = find_socket(move->sock, move->inode, move->name, &event);
  if (!state) return 0;
  begin_event(&event, thread, EVENT_DATA, move->call);
  event.direction = move->direction;
  take_role(&event, state);
  event.length = move->length;
  event.flags |= move->flags;
  state->pid = event.pid;
  if (event.flags & EVENT_UNIX && !(state->flags & SOCKET_NAMED)) tell_path(move->sock, &event, state);
  number(&event, move, thread, state);
  struct trace *trace = find_trace(thread, event.pid, event.goroutine);
  if (move->length == 0) {
    if (event.transport != TRANSPORT_UDP) {
      __u32 told = event.direction == DIRECTION_OUT ? SOCKET_END_OUT : SOCKET_END_IN;
      if (state->flags & told) return 0;
      state->flags |= told;
    }
    event.trace_id = trace->id;
  } else event.trace_id = advance_trace(trace, event.socket, event.direction);
  __u8 first[8] = {};
  bool known = move->payload.base != 0 && move->length > 0;
  if (known) {
    peek(&move->payload, move->length, first);
    event.captured = allow_payload(&state->wire, event.direction, first, move->length);
    if (event.captured < event.length) event.flags |= EVENT_CUT;
  }
  remember_place(thread, &event, first, known);
  if (event.direction == DIRECTION_IN && known && begins_record(first)) {
    state->record_sequence = event.sequence;
    if (thread->hands_over && !move->payload.segments) remember_record(thread, move->payload.base, move->length);
  }
  if (!(state->wire.flags & LIMIT_MUTE)) emit_for(&event, &move->payload, state);
  return 0;
}

static __noinline int tell_open(struct thread_state *thread, const struct target *target, __u16 call, __u8 role, __u32 length) {
  if (!thread) return 0;
  struct event event = {};
  struct socket_state *state = look_at_socket(target->sock, target->inode, 0, &event);
  if (!state) return 0;
  begin_event(&event, thread, EVENT_OPEN, call);
  state->role = role;
  state->pid = event.pid;
  event.role = role;
  event.length = length;
  struct payload none = {};
  if (event.flags & EVENT_UNIX) tell_path(target->sock, &event, state);
  else emit_for(&event, &none, state);
  return 0;
}

/* Of a descriptor that is about to be closed; the socket itself is gone when close() returns. */
static __always_inline void before_close(__u32 descriptor) {
  struct target target;
  __u64 file = find_file(descriptor);
  if (!file || !find_target(descriptor, &target) || !target.sock || !is_last_reference(file)) return;
  __u64 name = name_socket(target.sock);
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  if (!state) return;
  bool tcp = FIELD(target.sock, sock, sk_protocol) == TRANSPORT_TCP;
  state->pid = bpf_get_current_pid_tgid() >> 32;
  if (state->inode == target.inode) tell_close(name, tcp ? not_acknowledged(target.sock) : 0, state);
  /* TCP goes on until its last state; that forgets it */
  if (!tcp || FIELD(target.sock, sock, __sk_common.skc_state) == TCP_CLOSE) bpf_map_delete_elem(&sockets, &name);
}

/* ---- the two hooks ---- */

#ifdef ARGUMENTS_AT_ENTER
#define ARGUMENT(thread, registers, index, name) ((thread)->arguments[index])
#else
/* a system call leaves the registers of its arguments as they were */
#define ARGUMENT(thread, registers, index, name) TRUSTED(registers, pt_regs, name)
#endif

static __always_inline bool is_32_bit(void) { return TRUSTED(current_task(), task_struct, thread_info.status) & 2; }

static __noinline int traced_enter(struct thread_state *thread, __u32 call, __u32 first, __u32 second) {
  if (!thread || is_32_bit()) return 0;
  thread->call = call + 1;
  thread->begin_ns = bpf_ktime_get_ns();
  if (call == CALL_CLOSE) before_close(first);
  else if (call == CALL_DUP2 || call == CALL_DUP3) {
    if (first != second && find_file(first)) before_close(second);
  } else if (is_write(call) || call == CALL_SHUTDOWN) {
    struct target target;
    if (find_target(call == CALL_SPLICE ? second : first, &target) && target.sock) thread->other_sequence = read_until(target.sock);
  }
  return 0;
}

struct message { __u64 name; __u32 name_length; __u32 pad; __u64 vectors; __u64 count; __u64 control; __u64 control_length; __u32 flags; __u32 pad2; };
struct counted_message { struct message message; __u32 length; __u32 pad; };

#define MESSAGES_MAX 32

static __always_inline void use_message(struct transfer *move, const struct message *message) {
  move->name = message->name;
  move->payload.base = message->vectors;
  move->payload.segments = message->count;
  if (message->count == 0) move->payload.base = 0;
}

/* sendmmsg and recvmmsg: `messages` entries at `list` were moved, each with its own length. */
static __noinline int tell_messages(struct transfer *move, __u64 list, __u32 messages) {
  if (messages > MESSAGES_MAX) count(COUNTER_MESSAGES_CUT);
  __u32 total = 0;
  for (__u32 i = 0; i < MESSAGES_MAX && i < messages; i++) {
    __u32 length = 0;
    bpf_probe_read_user(&length, sizeof(length), (void *)(list + i * sizeof(struct counted_message) + sizeof(struct message)));
    total += length;
  }
  for (__u32 i = 0; i < MESSAGES_MAX && i < messages; i++) {
    struct counted_message entry;
    if (bpf_probe_read_user(&entry, sizeof(entry), (void *)(list + i * sizeof(entry)))) break;
    use_message(move, &entry.message);
    move->length = entry.length;
    total -= entry.length;
    move->after = total;
    tell_transfer(move);
  }
  return 0;
}

#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000

static __always_inline void tell_file_access(struct thread_state *thread, const struct target *target, __u32 call, __u64 position, __u32 length) {
  if (file_mode == FILES_OFF || length == 0) return;
  if (bpf_ktime_get_ns() - thread->begin_ns < file_min_ns) return;
  struct event event = {};
  begin_event(&event, thread, EVENT_FILE, call);
  struct trace *trace = find_trace(thread, event.pid, event.goroutine);
  if (file_mode == FILES_IN_CALL && !trace->id) return;
  event.trace_id = trace->id;
  event.direction = is_write(call) ? DIRECTION_OUT : DIRECTION_IN;
  event.length = length;
  bool positioned = call == CALL_PREAD64 || call == CALL_PWRITE64 || call == CALL_PREADV || call == CALL_PWRITEV;
  tell_file(&event, target, positioned ? position : (__u64)FIELD(target->file, file, f_pos) - length);
}

#define EINPROGRESS 115

static __always_inline int on_exit(struct thread_state *thread, __u32 call, long result, void *registers) {
  thread->call = 0;
  if (call == CALL_CLOSE || call == CALL_DUP2 || call == CALL_DUP3) return 0;
  if (result < 0 && !(call == CALL_CONNECT && result == -EINPROGRESS)) return 0;
  __u32 descriptor = ARGUMENT(thread, registers, 0, di);
  __u64 second = ARGUMENT(thread, registers, 1, si);
  __u64 third = ARGUMENT(thread, registers, 2, dx);
  __u64 fourth = ARGUMENT(thread, registers, 3, r10);
  struct target target;
  struct transfer move = { .call = call, .length = result, .direction = is_write(call) ? DIRECTION_OUT : DIRECTION_IN };
  switch (call) {
    case CALL_CONNECT:
      if (find_target(descriptor, &target) && target.sock) tell_open(thread, &target, call, ROLE_CLIENT, -result);
      return 0;
    case CALL_ACCEPT:
    case CALL_ACCEPT4:
      if (find_target(result, &target) && target.sock) tell_open(thread, &target, call, ROLE_SERVER, 0);
      return 0;
    case CALL_SPLICE: {
      struct target into;
      if (find_target(third, &into) && into.sock && result > 0) {
        move.sock = into.sock;
        move.inode = into.inode;
        move.flags = EVENT_SENDFILE;
        tell_transfer(&move);
        return 0;
      }
      move.direction = DIRECTION_IN;
      break;
    }
    case CALL_SHUTDOWN:
      if ((__u32)second == 0) return 0; /* SHUT_RD tells the peer nothing */
      move.direction = DIRECTION_OUT;
      break;
    case CALL_RECVFROM:
      if (fourth & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)) return 0;
      break;
    case CALL_RECVMSG:
      if (third & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)) return 0;
      break;
    case CALL_RECVMMSG:
      if (fourth & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)) return 0;
      break;
  }
  if (!find_target(descriptor, &target)) return 0;
  if (target.file) {
    tell_file_access(thread, &target, call, fourth, result);
    return 0;
  }
  move.sock = target.sock;
  move.inode = target.inode;
  switch (call) {
    case CALL_READ:
    case CALL_WRITE:
      /* nothing was asked for: no end of data */
      if (third == 0) return 0;
      move.payload.base = second;
      break;
    case CALL_RECVFROM:
    case CALL_SENDTO:
      if (third == 0 && is_stream(target.sock)) return 0;
      move.payload.base = second;
      move.name = ARGUMENT(thread, registers, 4, r8);
      if (call == CALL_RECVFROM && fourth & MSG_TRUNC) {
        if (is_stream(target.sock)) move.payload.base = 0; /* the bytes are thrown away */
        else if (move.length > third) move.length = third; /* the datagram was longer than the buffer */
      }
      break;
    case CALL_READV:
    case CALL_WRITEV:
    case CALL_PREADV2:
    case CALL_PWRITEV2:
      move.payload.base = second;
      move.payload.segments = third;
      break;
    case CALL_SENDMSG:
    case CALL_RECVMSG: {
      struct message message;
      if (bpf_probe_read_user(&message, sizeof(message), (void *)second)) {
        count(COUNTER_FAULT);
        return 0;
      }
      use_message(&move, &message);
      if (call == CALL_RECVMSG && third & MSG_TRUNC && is_stream(target.sock)) move.payload.base = 0;
      break;
    }
    case CALL_SENDMMSG:
    case CALL_RECVMMSG:
      return tell_messages(&move, second, result);
    case CALL_SENDFILE:
    case CALL_SPLICE:
      move.flags = EVENT_SENDFILE;
      break;
    case CALL_SHUTDOWN:
      if (!is_stream(target.sock)) return 0;
      move.length = 0;
      break;
    default:
      return 0;
  }
  if (move.length == 0 && move.direction == DIRECTION_OUT && call != CALL_SHUTDOWN && is_stream(target.sock)) return 0;
  tell_transfer(&move);
  return 0;
}

#endif
