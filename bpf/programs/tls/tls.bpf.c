/* What the callers of OpenSSL (BoringSSL, LibreSSL) and GnuTLS write and read in the clear, with the socket it goes over; and in which context
 * of Python a thread is.
 * bpf/uprobes says where in a binary each probe belongs. */
#include "calls.h"
#include "coroutines.h"

char LICENSE[] SEC("license") = "GPL";

/* The library's result is the number of bytes. */
static __always_inline int leave_data(struct registers *context, __u64 cookie) {
  struct thread_state *thread = find_thread();
  struct tls_call *call = leave_call(thread, context);
  return call ? tell_call(thread, call, clamp(call, (__s32)read_named(context, cookie))) : 0;
}

/* The result is 1 for success, and the number of bytes was written to where the caller wanted it. */
static __always_inline int leave_sized(struct registers *context, __u64 cookie) {
  struct thread_state *thread = find_thread();
  struct tls_call *call = leave_call(thread, context);
  if (!call) return 0;
  __u64 moved = 0;
  if ((__s32)read_named(context, cookie) == 1) bpf_probe_read_user(&moved, sizeof(moved), (void *)call->size_pointer);
  return tell_call(thread, call, clamp(call, moved));
}

static __always_inline int leave_handshake(struct registers *context) {
  struct thread_state *thread = find_thread();
  struct tls_call *call = leave_call(thread, context);
  return call ? tell_call(thread, call, 0) : 0;
}

/* Another connection may get the same address. */
static __always_inline int forget(struct registers *context) {
  struct connection_key key = key_of(context->di);
  bpf_map_delete_elem(&connections, &key);
  return 0;
}

SEC("uprobe")
int tls_library(struct registers *context) {
  __u64 cookie = bpf_get_attach_cookie(context);
  switch (cookie >> COOKIE_PROBE_SHIFT & 0xff) {
    case PROBE_OPENSSL_READ: return begin_call(context, SOURCE_OPENSSL, DIRECTION_IN, 0);
    case PROBE_OPENSSL_WRITE: return begin_call(context, SOURCE_OPENSSL, DIRECTION_OUT, 0);
    case PROBE_OPENSSL_READ_EX: return begin_call(context, SOURCE_OPENSSL, DIRECTION_IN, context->cx);
    case PROBE_OPENSSL_WRITE_EX: return begin_call(context, SOURCE_OPENSSL, DIRECTION_OUT, context->cx);
    case PROBE_OPENSSL_WRITE_EX2: return begin_call(context, SOURCE_OPENSSL, DIRECTION_OUT, context->r8);
    case PROBE_OPENSSL_HANDSHAKE: return begin_call(context, SOURCE_OPENSSL, DIRECTION_NONE, 0);
    case PROBE_GNUTLS_READ: return begin_call(context, SOURCE_GNUTLS, DIRECTION_IN, 0);
    case PROBE_GNUTLS_WRITE: return begin_call(context, SOURCE_GNUTLS, DIRECTION_OUT, 0);
    case PROBE_GNUTLS_HANDSHAKE: return begin_call(context, SOURCE_GNUTLS, DIRECTION_NONE, 0);
    case PROBE_OPENSSL_READ_LEAVE:
    case PROBE_OPENSSL_WRITE_LEAVE:
    case PROBE_GNUTLS_READ_LEAVE:
    case PROBE_GNUTLS_WRITE_LEAVE:
      return leave_data(context, cookie);
    case PROBE_OPENSSL_READ_EX_LEAVE:
    case PROBE_OPENSSL_WRITE_EX_LEAVE:
      return leave_sized(context, cookie);
    case PROBE_OPENSSL_HANDSHAKE_LEAVE:
    case PROBE_GNUTLS_HANDSHAKE_LEAVE:
      return leave_handshake(context);
    case PROBE_OPENSSL_FREE:
    case PROBE_GNUTLS_FREE:
      return forget(context);
    case PROBE_OPENSSL_SET_BIO: return begin_handing_over();
    case PROBE_OPENSSL_BIO_WRITE: return hand_over(context);
    case PROBE_PYTHON_CONTEXT_ENTER: return enter_context(context->di);
    case PROBE_PYTHON_CONTEXT_COPY_LEAVE: return note_copy(read_named(context, cookie));
    default: return 0;
  }
}
