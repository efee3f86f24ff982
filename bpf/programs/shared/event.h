/* What the programs tell user space: one record in the ring buffer is one `struct event`, then `captured` bytes of payload.
 * `npm run generate` makes bpf/programs/event.gen.ts from this layout as the compiler saw it (BTF). */
#ifndef DEEPFLOW_EVENT_H
#define DEEPFLOW_EVENT_H

enum event_kind {
  EVENT_DATA = 1,    /* bytes of a connection: as a system call moved them, or in the clear, as a TLS library's caller sees them;
                        length 0 on a stream: no more will come in this direction (end of file was read, or shutdown) */
  EVENT_OPEN = 2,    /* a connection was made (role client) or accepted (role server); length: EINPROGRESS when it is still being made, else 0.
                        Of an AF_UNIX socket before its first data too; payload: the server's path as the kernel keeps it */
  EVENT_CLOSE = 3,   /* the last descriptor is gone, or the kernel closed it; length: bytes sent and not acknowledged by then */
  EVENT_EXEC = 4,    /* payload: struct exec_event, the path that was executed, then arguments and environment as the process was given them */
  EVENT_EXIT = 5,    /* the process (not a thread) is over; length: its wait status (code << 8 | signal) */
  EVENT_FILE = 6,    /* a file was read or written; payload: struct file_event, then its path */
  EVENT_TCP = 7,     /* counters of a TCP connection; payload: struct tcp_event */
  EVENT_HEADERS = 8, /* the table of header fields that one direction of an HTTP/2 connection has before a block; payload: struct header_event */
  EVENT_LINK = 9,    /* goroutine and parent_goroutine answer (in) or make (out) the call on a stream of HTTP/2, whose number is `sequence`;
                        trace_id: what the other calls carry that the goroutine makes for it */
  EVENT_FORK = 10,   /* the process begins as a child of another; length: that one's pid */
};

enum event_source {
  SOURCE_SYSCALL = 1,
  SOURCE_OPENSSL = 2,
  SOURCE_GNUTLS = 3,
  SOURCE_GO_TLS = 4,
  SOURCE_GO_HTTP2 = 5,
};

enum event_direction { DIRECTION_IN = 0, DIRECTION_OUT = 1 };

enum event_role { ROLE_UNKNOWN = 0, ROLE_CLIENT = 1, ROLE_SERVER = 2 };

/* flags */
#define EVENT_UNIX 1      /* an AF_UNIX socket: local holds the inode of this end as u64, remote the `socket` of the other
                             and its inode, 0 where that has none (any more) */
#define EVENT_SENDFILE 2  /* bytes that never were in user memory: length counts, captured is 0 */
#define EVENT_CUT 4       /* captured < length because of a limit (not: because memory could not be read) */
#define EVENT_FAULT 8     /* memory could not be read */
#define EVENT_OUTSIDE 16  /* of a process' exec, fork or exit: it is in none of the cgroups that are traced */

struct event {
  __u64 time_ns;          /* CLOCK_MONOTONIC when the call returned */
  __u64 begin_ns;         /* ... and when it was made */
  __u64 socket;           /* names the socket from OPEN (or its first event) to CLOSE: low 48 bits of the address of its struct sock */
  __u64 trace_id;         /* links what a thread (or goroutine) read to what it wrote next; 0: none */
  __u64 goroutine;        /* 0: not Go */
  __u64 parent_goroutine; /* of a coroutine: its parent */
  __u64 coroutine;        /* of an async runtime, where it is known; else 0 */
  __u64 cgroup;
  __u32 pid;              /* process and thread in the root pid namespace */
  __u32 tid;
  __u32 netns;            /* inode of the socket's network namespace */
  __u32 sequence;         /* TCP sequence number of the first byte; TLS plaintext: of the record that carried it.
                             Sockets without such numbers: bytes (datagrams: messages) seen before it in this direction, modulo 2^32 */
  __u32 length;           /* bytes that were moved */
  __u32 captured;         /* bytes of payload in this record */
  __u8 kind;
  __u8 source;
  __u8 direction;
  __u8 role;              /* of this socket */
  __u8 family;            /* 4 or 6 (IPv4-mapped IPv6 is 4); 0 without addresses */
  __u8 transport;         /* 6 TCP, 17 UDP */
  __u8 flags;
  __u8 pad;
  __u16 local_port;
  __u16 remote_port;
  __u16 syscall;          /* number of the system call */
  __u16 pad2;
  __u8 local[16];         /* IPv4: the first four bytes */
  __u8 remote[16];
  __u32 other_sequence;   /* TCP: where the other direction was by then: write_seq when a read returned, copied_seq when a write began.
                             User space has not seen all that came before this event until the other direction got that far. */
  __u32 dropped;          /* events of this socket that were lost for want of room since the last one that was not */
};

/* Many processes end before anybody could ask /proc about them: this is what /proc would have told. Texts end with NUL. */
struct exec_event {
  __u32 parent;
  __u32 path_length;      /* bytes, without NUL, as are the next two; what does not fit is cut at its end */
  __u32 arguments_length;
  __u32 environment_length;
};

struct file_event {
  __u64 inode;
  __u64 offset;           /* position in the file where the call began */
  __u32 device_major;
  __u32 device_minor;
  __u32 path_length;
  __u32 pad;
};

#define TCP_DROP_SLOTS 4
#define TCP_FIN_RECEIVED 1
#define TCP_CONNECTED 2    /* it was established, as far as the program saw */

enum tcp_reset { RESET_NONE = 0, RESET_SENT = 1, RESET_RECEIVED = 2 };

/* A connection as the kernel counts it. event.begin_ns: when it began, 0 when that was before the program; event.pid: 0 unless known;
 * event.sequence and other_sequence: the first that was sent (the SYN's) and that came, 0 when not seen. */
struct tcp_event {
  __u64 bytes_sent;       /* payload, repeats included */
  __u64 bytes_acked;
  __u64 bytes_received;   /* payload in order, and 1 for the FIN when TCP_FIN_RECEIVED is set */
  __u64 bytes_retransmitted;
  __u32 srtt_us;
  __u32 rtt_variance_us;
  __u32 min_rtt_us;       /* 0: not measured */
  __u32 connect_us;       /* SYN_SENT to ESTABLISHED, or to the failure; 0: not seen */
  __u32 congestion_window;
  __u32 slow_start_threshold;
  __u32 segments_out;
  __u32 segments_in;
  __u32 retransmitted;    /* segments, since the connection began */
  __u32 syn_retransmitted;/* those of them that were a SYN */
  __u32 lost;
  __u32 out_of_order;     /* segments that came early */
  __u32 delivered;
  __u32 reset_reason;     /* enum sk_rst_reason of the reset that was sent, where the kernel tells */
  __u32 error;            /* errno of the socket */
  __u16 state;            /* TCP_ESTABLISHED 1 … TCP_CLOSE 7 */
  __u8 reset;             /* enum tcp_reset */
  __u8 flags;
  __u16 header_bytes;     /* of a segment: IP and TCP with the options that each has */
  __u16 segment_bytes;    /* most payload of a segment */
  __u32 pad;
  /* Packets of this socket that were dropped in this host, by reason; what finds no slot counts in the last. */
  __u32 drop_reason[TCP_DROP_SLOTS];
  __u32 drops[TCP_DROP_SLOTS];
};

#define HEADER_BLOCK_BEGIN 16

/* Tables are told for connections that were there before us, in two records: one with the fields, before the block is encoded or decoded; and,
 * when that is known, one with the socket (event.socket; else 0) and what the block is found by. A record that has both is both. */
struct header_event {
  __u64 coder;            /* the process's encoder or decoder, which joins the two */
  __u32 stream;           /* that the block is for; 0: told later */
  __u32 block_length;     /* of the first fragment of the block, and its beginning */
  __u8 block[HEADER_BLOCK_BEGIN];
  __u32 max_size;         /* of the table */
  __u32 fields;           /* told here, the newest first: for each, two __u16 with the lengths of name and value, then both */
};

#endif
