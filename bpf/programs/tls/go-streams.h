/* Tells which goroutine answers, or makes, the call on a stream of HTTP/2. A connection's frames are read and written by goroutines of its
 * own, so that the system calls tell no more than which connection it is.
 *
 * Server: the goroutine that runs the handler is new to the stream, and begins a syscall trace id that its calls then carry; user space gives
 * it to the request. Client: the request takes the goroutine that asks for the stream, and the id that this one works under. */
#ifndef DEEPFLOW_GO_STREAMS_H
#define DEEPFLOW_GO_STREAMS_H

#include "go-descriptor.h"
#include "go-owners.h"
#include "plaintext.h"
#include "registers.h"

/* Places of fields, by the layout that a probe's cookie names; from bpf/uprobes/grpc-layouts.ts. Layout 0 is none. */
const volatile struct grpc_layout grpc_layouts[GRPC_LAYOUTS] = {};
/* ... and of net/http's; from bpf/uprobes/go-offsets.ts. */
const volatile __u32 http2_server_connection = 0;
const volatile __u32 http2_client_connection = 0;
const volatile __u32 http2_stream_id = 0;

/* `interface`: where the connection's net.Conn is. `g`: the goroutine that works on the stream. */
static __always_inline int link_stream(__u64 interface, __u32 stream, __u8 direction, __u64 g) {
  struct process_state *process = go_process();
  struct thread_state *thread = process ? traced_thread() : 0;
  /* Streams that a client begins have odd numbers (RFC 9113 §5.1.1): another one was read where there is none. */
  if (!thread || !(stream & 1) || stream >> 31) return 0;
  struct event event = {};
  struct target target;
  __s64 descriptor = find_descriptor(interface);
  if (descriptor < 0 || !find_target(descriptor, &target) || !target.sock || !describe_socket(target.sock, target.inode, &event)) {
    count(COUNTER_STREAM_NO_SOCKET);
    return 0;
  }
  if (!ports_pass(event.local_port, event.remote_port)) return 0;
  __u64 socket = event.socket, id = bpf_get_current_pid_tgid();
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &socket);
  if (!state || !(state->flags & SOCKET_SEEN)) return 0;
  event.pid = id >> 32;
  event.tid = (__u32)id;
  describe_goroutine(process, g, &event);
  if (!event.goroutine) return 0;
  struct trace *trace = find_trace(thread, event.pid, event.goroutine);
  if (direction == DIRECTION_IN) {
    trace->direction = TRACE_NONE;
    advance_trace(trace, socket, DIRECTION_IN);
  }
  event.trace_id = trace->id;
  event.time_ns = event.begin_ns = bpf_ktime_get_ns();
  event.cgroup = bpf_get_current_cgroup_id();
  event.kind = EVENT_LINK;
  event.source = SOURCE_GO_HTTP2;
  event.direction = direction;
  event.role = state->role;
  event.sequence = stream;
  if (emit_bare(&event)) count(COUNTER_RING_FULL);
  return 0;
}

/* net/http: (*serverConn).runHandler(*responseWriter, …). The writer points to its state, and that begins with a pointer to the stream. */
static __always_inline int link_http2_handler(const struct registers *context) {
  __u64 state = 0, stream = 0;
  __u32 id = 0;
  if (!follow(&state, context->bx) || !follow(&stream, state)) return 0;
  bpf_probe_read_user(&id, sizeof(id), (void *)(stream + http2_stream_id));
  return link_stream(context->ax + http2_server_connection, id, DIRECTION_IN, context->r14);
}

/* net/http: (*ClientConn).writeHeaders(stream, …), in the goroutine that works for the one that makes the call. */
static __always_inline int link_http2_caller(const struct registers *context) {
  return link_stream(context->ax + http2_client_connection, (__u32)context->bx, DIRECTION_OUT, context->r14);
}

static __always_inline const volatile struct grpc_layout *layout_of(__u64 cookie) {
  __u32 index = cookie >> COOKIE_LAYOUT_SHIFT & 0xff;
  return index > 0 && index < GRPC_LAYOUTS ? &grpc_layouts[index] : 0;
}

static __always_inline __u32 grpc_stream_id(const volatile struct grpc_layout *layout, __u64 stream) {
  __u32 id = 0;
  if (layout->stream_is_pointer && !follow(&stream, stream)) return 0;
  bpf_probe_read_user(&id, sizeof(id), (void *)(stream + layout->stream_id));
  return id;
}

/* grpc: (*Server).handleStream(ServerTransport, *ServerStream), in the goroutine that answers. The transport is an interface. */
static __always_inline int link_grpc_handler(const struct registers *context, __u64 cookie) {
  const volatile struct grpc_layout *layout = layout_of(cookie);
  if (!layout) return 0;
  __u32 id = grpc_stream_id(layout, context->di);
  return link_stream(context->cx + layout->server_connection, id, DIRECTION_IN, context->r14);
}

/* grpc: (*http2Client).NewStream gives the *ClientStream, in the goroutine that makes the call. */
static __always_inline int link_grpc_caller(const struct registers *context, __u64 cookie) {
  const volatile struct grpc_layout *layout = layout_of(cookie);
  __u64 stream = read_named(context, cookie), transport = 0;
  if (!layout || !stream || !follow(&transport, stream + layout->client_transport)) return 0;
  __u32 id = grpc_stream_id(layout, stream);
  return link_stream(transport + layout->client_connection, id, DIRECTION_OUT, context->r14);
}

#endif
