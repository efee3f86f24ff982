/* What callers of Go's crypto/tls write and read in the clear, with the socket it goes over; whom the goroutines of Go's HTTP and gRPC
 * connections work for; and what these connections have in their tables of header fields. Functions get their arguments in rax, rbx, rcx …, and the goroutine in r14 (Go's ABIInternal). */
#include "go-owners.h"
#include "go-streams.h"
#include "go-tables.h"
#include "plaintext.h"
#include "registers.h"

char LICENSE[] SEC("license") = "GPL";

/* A goroutine that reads, or read before (buffer 0); it may go on on another thread. Runtimes use the memory of goroutines again, so that
 * an entry is hardly ever made anew. */
struct go_read {
  __u64 begin_ns;
  __u64 connection;
  __u64 buffer;
  __u64 length;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct goroutine_key); /* `goroutine`: address of its g */
  __type(value, struct go_read);
} go_reads SEC(".maps");

/* Where a tls.Conn has the connection below it; from bpf/uprobes/go-offsets.ts. */
const volatile __u32 tls_connection = 0;

/* One file under two names (the layers of containers) is probed twice. Between two writes of the same bytes the socket gets further. */
static __always_inline bool is_told_twice(struct tls_call *last, __u64 connection, const struct plaintext *text, __u32 sequence) {
  bool same = last->connection == connection && last->buffer == text->buffer && last->length == text->length &&
    last->sequence == sequence && text->begin_ns - last->begin_ns < 100000;
  last->connection = connection;
  last->buffer = text->buffer;
  last->length = text->length;
  last->sequence = sequence;
  last->begin_ns = text->begin_ns;
  return same;
}

static __always_inline int tell_go(struct thread_state *thread, __u64 connection, struct plaintext *text) {
  struct event event = {};
  struct target target;
  __s64 descriptor = find_descriptor(connection + tls_connection);
  if (descriptor < 0 || !find_target(descriptor, &target) || !target.sock || !describe_socket(target.sock, target.inode, &event)) {
    count(COUNTER_TLS_NO_SOCKET);
    return 0;
  }
  if (!ports_pass(event.local_port, event.remote_port)) return 0;
  text->inode = target.inode;
  if (text->direction == DIRECTION_OUT) {
    if (event.transport == TRANSPORT_TCP) event.sequence = written_until(target.sock);
    if (is_told_twice(&thread->tls, connection, text, event.sequence)) return 0;
  }
  tell_plaintext(thread, &event, text);
  return 0;
}

/* Written at once: a call that then fails has broken its connection anyway, and a probe where it returns would cost far more. */
static __always_inline int write(struct registers *context) {
  struct thread_state *thread = traced_thread();
  if (!thread || context->cx == 0) return 0;
  struct plaintext text = {
    .buffer = context->bx,
    .begin_ns = bpf_ktime_get_ns(),
    .goroutine = context->r14,
    .length = context->cx,
    .direction = DIRECTION_OUT,
    .source = SOURCE_GO_TLS,
  };
  return tell_go(thread, context->ax, &text);
}

static __always_inline int begin_read(struct registers *context) {
  struct thread_state *thread = traced_thread();
  if (!thread) return 0;
  struct goroutine_key key = { .goroutine = context->r14, .pid = bpf_get_current_pid_tgid() >> 32, .pad = 0 };
  struct go_read *known = bpf_map_lookup_elem(&go_reads, &key);
  if (known) {
    known->begin_ns = bpf_ktime_get_ns();
    known->connection = context->ax;
    known->buffer = context->bx;
    known->length = context->cx;
    return 0;
  }
  struct go_read read = { .begin_ns = bpf_ktime_get_ns(), .connection = context->ax, .buffer = context->bx, .length = context->cx };
  bpf_map_update_elem(&go_reads, &key, &read, BPF_ANY);
  return 0;
}

/* A read that waited since before the probe was there, the first that is seen of its goroutine: Go's functions keep their arguments above the return
 * address, where the frame pointer points. Taken only when they make sense: a connection is followed to its descriptor. */
static __always_inline bool find_old_read(const struct registers *context, struct go_read *read) {
  struct { __u64 connection, buffer, length; } arguments;
  if (bpf_probe_read_user(&arguments, sizeof(arguments), (void *)(context->bp + 16))) return false;
  read->begin_ns = bpf_ktime_get_ns();
  read->connection = arguments.connection;
  read->buffer = arguments.buffer;
  read->length = arguments.length;
  return arguments.buffer && arguments.length < 1 << 30;
}

static __always_inline int end_read(struct registers *context, __u64 cookie) {
  struct goroutine_key key = { .goroutine = context->r14, .pid = bpf_get_current_pid_tgid() >> 32, .pad = 0 };
  struct go_read *known = bpf_map_lookup_elem(&go_reads, &key), read = {};
  if (known) {
    read = *known;
    known->buffer = 0;
  } else if (!find_old_read(context, &read)) return 0;
  if (!read.buffer) return 0;
  struct plaintext text = {
    .buffer = read.buffer,
    .begin_ns = read.begin_ns,
    .goroutine = context->r14,
    .direction = DIRECTION_IN,
    .source = SOURCE_GO_TLS,
  };
  __s64 moved = read_named(context, cookie);
  if (moved <= 0 || (__u64)moved > read.length) return 0;
  text.length = moved;
  struct thread_state *thread = traced_thread();
  return thread ? tell_go(thread, read.connection, &text) : 0;
}

SEC("uprobe")
int tls_go(struct registers *context) {
  __u64 cookie = bpf_get_attach_cookie(context);
  switch (cookie >> COOKIE_PROBE_SHIFT & 0xff) {
    case PROBE_GO_TLS_READ: return begin_read(context);
    case PROBE_GO_TLS_READ_LEAVE: return end_read(context, cookie);
    case PROBE_GO_TLS_WRITE: return write(context);
    case PROBE_GO_HTTP_ROUND_TRIP: return traced_thread() ? own_connection(context->ax, context->r14) : 0;
    case PROBE_GO_HTTP_CONNECTION_WRITE:
    case PROBE_GO_HTTP_CONNECTION_READ:
      return traced_thread() ? work_for_connection(context->ax, context->r14) : 0;
    case PROBE_GO_HTTP2_ROUND_TRIP: return traced_thread() ? own_calls(context->r14) : 0;
    case PROBE_GO_HTTP2_REQUEST: return traced_thread() ? work_for_parent(context->r14) : 0;
    case PROBE_GO_HTTP2_CLIENT_REQUEST: return link_http2_caller(context);
    case PROBE_GO_HTTP2_HANDLER: return link_http2_handler(context);
    case PROBE_GO_GRPC_HANDLER: return link_grpc_handler(context, cookie);
    case PROBE_GO_GRPC_STREAM_LEAVE: return link_grpc_caller(context, cookie);
    case PROBE_GO_HTTP2_READ_BLOCK: return begin_read_block(context);
    case PROBE_GO_HPACK_DECODE: return decode_block(context);
    case PROBE_GO_HPACK_ENCODE: return encode_field(context);
    case PROBE_GO_HTTP2_WRITE_BLOCK: return end_write_block(context);
    default: return 0;
  }
}
