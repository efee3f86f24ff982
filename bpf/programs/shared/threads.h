/* What the programs remember between two hooks: of a thread, of a goroutine, of a socket, of a process; and what they count.
 * The maps here have the same name in every object, so that a loader can let one object use another's (reuse). */
#ifndef DEEPFLOW_THREADS_H
#define DEEPFLOW_THREADS_H

#include "core.h"
#include "event.h"

/* ---- counters: `drops`, one per reason and CPU; names for user space are made from this list ---- */

enum counter {
  COUNTER_EVENTS,           /* records that were written */
  COUNTER_RING_FULL,        /* records that found no room */
  COUNTER_FAULT,            /* payloads whose memory could not be read (their event was written without them) */
  COUNTER_NO_THREAD,        /* calls of a thread for which no state could be kept */
  COUNTER_MESSAGES_CUT,     /* messages of sendmmsg and recvmmsg beyond the first MESSAGES_MAX of a call */
  COUNTER_SOCKET_REUSED,    /* sockets whose end was not seen before their address was taken by another */
  COUNTER_IO_URING,         /* requests of traced processes to sockets through io_uring, whose bytes are not seen */
  COUNTER_TLS_NO_SOCKET,    /* payloads of a TLS library for which no socket is known */
  COUNTER_TLS_NESTED,       /* calls of a TLS library inside another one of the same thread for another connection: not told */
  COUNTER_STREAM_NO_SOCKET, /* streams of Go's HTTP/2 and gRPC for which no socket is known */
  COUNTERS,
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, COUNTERS);
  __type(key, __u32);
  __type(value, __u64);
} drops SEC(".maps");

static __always_inline void count(__u32 counter) {
  __u64 *value = bpf_map_lookup_elem(&drops, &counter);
  if (value) *value += 1;
}

/* ---- the ring ---- */

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16 * 1024 * 1024); /* user space sets the configured size before load */
} events SEC(".maps");

/* ---- threads ---- */

/* Where a socket call of a thread moved bytes: enough for a TLS library's plaintext to be sent with the place of its ciphertext. */
struct place {
  __u64 socket;
  __u64 begin_ns;
  __u64 time_ns;
  __u32 sequence;
  __u32 other_sequence;
  __u32 length;
  __u32 netns;
  __u16 local_port;
  __u16 remote_port;
  __u8 role;
  __u8 family;
  __u8 transport;
  __u8 flags;             /* EVENT_UNIX */
  __u8 local[16];
  __u8 remote[16];
  __u8 first;             /* first byte that was moved, when `known` */
  __u8 known;
  __u8 record;            /* what was moved begins as a TLS record does */
  __u8 pad[5];
};

/* Type, version 3.x (RFC 8446 §5.1); by chance one in a million other beginnings looks so. */
static __always_inline bool begins_record(const __u8 *first) {
  return first[0] >= 0x14 && first[0] <= 0x17 && first[1] == 3 && first[2] <= 4;
}

/* Where a TLS library's caller moves the bytes, a record that was read from a socket is known again by its content when it is handed over. */
#define RECORD_MARK_AT 8    /* behind what is equal in many: a hello's random bytes begin at 11, what is encrypted at 5 or, behind a change of cipher, at 11 */

struct record_key {
  __u64 mark[2];          /* bytes of the record from there on */
  __u32 pid;
  __u32 pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct record_key);
  __type(value, struct place);
} records SEC(".maps");

#define HANDSHAKE_RECORD 0x16
#define CLIENT_HELLO 1
#define SERVER_HELLO 2

struct record_beginning {
  __u8 head[RECORD_MARK_AT];
  __u64 mark[2];
};

/* Fills the key; false: no record begins here, or one that others may be equal to. Handshakes in the clear may be, save for hellos. */
static __always_inline bool mark_record(__u64 base, __u64 length, struct record_key *key) {
  struct record_beginning begins;
  if (length < sizeof(begins) || bpf_probe_read_user(&begins, sizeof(begins), (void *)base)) return false;
  if (!begins_record(begins.head)) return false;
  if (begins.head[0] == HANDSHAKE_RECORD && begins.head[5] != CLIENT_HELLO && begins.head[5] != SERVER_HELLO) return false;
  key->mark[0] = begins.mark[0];
  key->mark[1] = begins.mark[1];
  key->pid = bpf_get_current_pid_tgid() >> 32;
  key->pad = 0;
  return true;
}

/* A call of a TLS library that a thread is in. Its first uprobe fills it, the second empties it; the dispatcher only sets `sockets`. */
struct tls_call {
  __u64 stack;            /* stack pointer at the first probe: the second must be near it */
  __u64 seen_ns;          /* end of the last read that was counted as some connection's; outlives the call */
  __u64 begin_ns;         /* a place of `last` with begin_ns not before this is nested in the call */
  __u64 connection;       /* SSL *, gnutls_session_t, *tls.Conn */
  __u64 buffer;
  __u32 length;           /* as asked for */
  __u32 sequence;         /* of a write: where the socket's next byte was to go when the call began; 0: socket not known then */
  __u64 size_pointer;     /* of the _ex forms, where the library writes how much it moved; else 0 */
  __u8 depth;             /* 0: not in a call; else this one, and those inside it */
  __u8 direction;
  __u8 source;            /* enum event_source */
  __u8 sockets[2];        /* socket calls by direction since the call began; stops at 255 */
  __u8 pad[3];
};

struct trace {
  __u64 id;
  __u64 socket;           /* of the last read or write */
  __u32 direction;        /* ... and which it was; TRACE_NONE before the first */
  __u32 pad;
};

#define TRACE_NONE 2

struct thread_state {
  __u64 begin_ns;         /* when the system call began that the thread is in */
  __u64 arguments[6];     /* kept only where the end of a system call does not tell them */
  __u32 other_sequence;   /* copied_seq when the write began */
  __u16 call;             /* number of the system call + 1; 0: in none that counts */
  __u8 verdict;           /* enum verdict of its process, and that process's flags, valid for `generation` */
  __u8 process_flags;
  __u32 generation;
  __u32 pad2;
  __u64 coroutine;        /* set by the uprobes of an async runtime; else 0 */
  __u64 coroutine_parent; /* the one that started it; 0: not known */
  struct trace trace;
  struct place last[2];   /* of the last read and the last write */
  struct tls_call tls;
  struct tls_call tls_inner; /* a call inside that one, of the same connection in the other direction */
  struct place handed;       /* where the record came from that was handed over last */
  __u64 handed_to;           /* the BIO * that took it; 0: none waits for a call of its connection */
  __u8 hands_over;           /* this thread hands records over by calls that are probed: what it reads is kept in `records` */
  __u8 pad3[7];
};

#ifdef THREADS_IN_HASH
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, __u32);
  __type(value, struct thread_state);
} threads SEC(".maps");

/* An empty state to begin with: too large for the stack. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct thread_state);
} fresh_thread SEC(".maps");

static __always_inline struct thread_state *find_thread(void) {
  __u32 tid = (__u32)bpf_get_current_pid_tgid();
  return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline struct thread_state *take_thread(void) {
  struct thread_state *thread = find_thread();
  if (thread) return thread;
  __u32 zero = 0, tid = (__u32)bpf_get_current_pid_tgid();
  struct thread_state *fresh = bpf_map_lookup_elem(&fresh_thread, &zero);
  if (!fresh) return 0;
  bpf_map_update_elem(&threads, &tid, fresh, BPF_NOEXIST);
  return bpf_map_lookup_elem(&threads, &tid);
}
#else
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct thread_state);
} threads SEC(".maps");

static __always_inline struct thread_state *find_thread(void) {
  return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0, 0);
}

static __always_inline struct thread_state *take_thread(void) {
  return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}
#endif

/* ---- processes ---- */

enum verdict { VERDICT_NONE = 0, VERDICT_TRACE = 1, VERDICT_IGNORE = 2 };

#define PROCESS_GO 1        /* its goroutines can be read at the offsets below */
#define PROCESS_IO_URING 2  /* set by the kernel side: it was seen to use io_uring on sockets */
#define PROCESS_WORKERS 4   /* set by the kernel side: some of its goroutines work for others (`worker_connections`) */

struct process_state {
  __u32 verdict;            /* VERDICT_NONE: as for a process that is not in the map */
  __u32 flags;
  __s32 g_offset;           /* of the pointer to g from fsbase; -8 without cgo */
  __u32 goid_offset;        /* of g.goid and g.parentGoid in bytes; the latter 0 before Go 1.21 */
  __u32 parent_goid_offset;
  __u32 pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 65536);
  __type(key, __u32);       /* process id in the root namespace */
  __type(value, struct process_state);
} processes SEC(".maps");

/* ---- goroutines ---- */

struct goroutine_key {
  __u64 goroutine;
  __u32 pid;
  __u32 pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct goroutine_key);
  __type(value, struct trace);
} goroutines SEC(".maps");

/* A connection of Go's HTTP client has two goroutines of its own, which write and read for the goroutine whose call it carries now; a call
 * over HTTP/2 has one of its own, which writes for the one that started it. Uprobes fill these two maps (tls/go-owners.h). */
struct goroutine_owner {
  __u64 goroutine;
  __u64 parent;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct goroutine_key); /* the goroutine that works for another */
  __type(value, __u64);              /* its *net/http.persistConn */
} worker_connections SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct goroutine_key); /* `goroutine`: the *persistConn */
  __type(value, struct goroutine_owner);
} connection_owners SEC(".maps");

/* The goroutine at `g` and its parent; where it works for another, that one. Leaves zeros when its memory cannot be read. */
static __always_inline void describe_goroutine(const struct process_state *process, __u64 g, struct event *event) {
  event->goroutine = 0;
  event->parent_goroutine = 0;
  if (!g) return;
  bpf_probe_read_user(&event->goroutine, sizeof(__u64), (void *)(g + process->goid_offset));
  if (process->parent_goid_offset)
    bpf_probe_read_user(&event->parent_goroutine, sizeof(__u64), (void *)(g + process->parent_goid_offset));
  if (!(process->flags & PROCESS_WORKERS)) return;
  struct goroutine_key key = { .goroutine = event->goroutine, .pid = event->pid, .pad = 0 };
  __u64 *connection = bpf_map_lookup_elem(&worker_connections, &key);
  if (!connection) return;
  key.goroutine = *connection;
  struct goroutine_owner *owner = bpf_map_lookup_elem(&connection_owners, &key);
  if (!owner) return;
  event->goroutine = owner->goroutine;
  event->parent_goroutine = owner->parent;
}

/* Reads the current goroutine of the event's process, which is the current one. */
static __always_inline void read_goroutine(const struct process_state *process, struct event *event) {
  __u64 g = 0;
  if (!process || !(process->flags & PROCESS_GO)) return;
  bpf_probe_read_user(&g, sizeof(g), (void *)(read_fsbase() + process->g_offset));
  describe_goroutine(process, g, event);
}

/* ---- syscall trace ids ---- */

/* Ids of one start of the collector: `trace_seed` is the second of the start times 2^21, so that a later start's ids are others as
 * long as fewer than 2 million are made in a second; all stay below 2^53, which JavaScript's numbers hold. */
const volatile __u64 trace_seed = 0;
const volatile __u32 possible_cpus = 1;

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} trace_count SEC(".maps");

static __always_inline __u64 new_trace_id(void) {
  __u32 zero = 0;
  __u64 *made = bpf_map_lookup_elem(&trace_count, &zero);
  if (!made) return 0;
  *made += 1;
  return trace_seed + *made * possible_cpus + bpf_get_smp_processor_id();
}

/* A read that follows a write, or is the first, or is of another socket than the read before, begins a new id; a write carries the id
 * of the reads before it. So an inbound request shares its id with the outbound request it causes, and the outbound response shares
 * the next id with the inbound response. */
static __always_inline __u64 advance_trace(struct trace *trace, __u64 socket, __u32 direction) {
  if (direction == DIRECTION_IN && (trace->direction != DIRECTION_IN || trace->socket != socket || !trace->id))
    trace->id = new_trace_id();
  trace->direction = direction;
  trace->socket = socket;
  return trace->id;
}

/* The trace that a call belongs to: its goroutine's where there is one, else its thread's. Never null. */
static __always_inline struct trace *find_trace(struct thread_state *thread, __u32 pid, __u64 goroutine) {
  if (!goroutine) return &thread->trace;
  struct goroutine_key key = { .goroutine = goroutine, .pid = pid, .pad = 0 };
  struct trace *trace = bpf_map_lookup_elem(&goroutines, &key);
  if (trace) return trace;
  struct trace fresh = { .id = 0, .socket = 0, .direction = TRACE_NONE, .pad = 0 };
  bpf_map_update_elem(&goroutines, &key, &fresh, BPF_ANY);
  trace = bpf_map_lookup_elem(&goroutines, &key);
  return trace ? trace : &thread->trace;
}

/* ---- sockets ---- */

#define LIMIT_SET 1       /* user space has chosen `cap` (which may be 0); before, the default for unknown protocols holds */
#define LIMIT_HEADS 2     /* HTTP/1: `cap` bytes from the beginning of each message, nothing of what follows */
#define LIMIT_MUTE 4      /* no events at all, not even lengths */

/* How much payload of a socket is sent to user space. */
struct limit {
  __u32 cap;              /* bytes of one call */
  __u32 flags;
  __u32 left[2];          /* by direction, with LIMIT_HEADS: bytes of the current message that may still be sent */
};

#define SOCKET_SEEN 1     /* user space has had an event of it, so it gets its end too */
#define SOCKET_CLOSED 2   /* ... and has had that */
#define SOCKET_END_IN 4   /* the peer's end of data was told */
#define SOCKET_END_OUT 8  /* our own, by shutdown, was told */
#define SOCKET_NAMED 16   /* AF_UNIX: its path was told */

/* By direction (1 << direction): the table of header fields was told, or user space asks for it again. */
#define TABLE_TOLD 1
#define TABLE_ASKED 4

/* The ends of a TCP connection as events tell them: they stay as they are, and are taken from the kernel's structures once. */
struct ends {
  __u32 netns;
  __u16 local_port;
  __u16 remote_port;
  __u8 local[16];
  __u8 remote[16];
  __u8 family;            /* 0: not known yet */
  __u8 pad[7];
};

struct socket_state {
  __u64 inode;            /* of the socket's file; 0 as long as it has none. Another one: the address was reused */
  __u64 born_ns;          /* when this entry was made */
  __u64 moved[2];         /* bytes (datagrams: messages) that were seen to move, by direction; a socket without TCP numbers is numbered by them */
  __u32 pid;              /* of the process that used it last */
  __u32 dropped;          /* events that found no room since the last one that did */
  __u32 flags;
  __u32 record_sequence;  /* of the last read that began with a TLS record */
  __u8 role;
  __u8 tables;            /* TABLE_*, of Go's HTTP/2 */
  __u8 pad[6];
  struct limit wire;      /* of what system calls move */
  struct limit clear;     /* of what a TLS library's caller sees */
  struct ends ends;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, __u64);     /* its name in events */
  __type(value, struct socket_state);
} sockets SEC(".maps");

/* The low 48 bits of an address tell sockets apart, and are a number that JavaScript holds. */
static __always_inline __u64 name_socket(__u64 sock) { return sock & 0xffffffffffffULL; }
static __always_inline __u64 named_socket(__u64 name) { return name | 0xffff000000000000ULL; }

#endif
