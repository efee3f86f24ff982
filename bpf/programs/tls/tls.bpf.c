/* What the callers of OpenSSL (BoringSSL, LibreSSL) and GnuTLS write and read in the clear, with the socket it goes over.
 * Each program is one probe; bpf/uprobes says where in a binary each belongs. */
#include "calls.h"

char LICENSE[] SEC("license") = "GPL";

#define ENTER(name, source, direction, size_pointer) \
  SEC("uprobe") int name(struct registers *context) { return begin_call(context, source, direction, size_pointer); }

/* The library's result is the number of bytes. */
#define LEAVE(name)                                                                \
  SEC("uprobe") int name(struct registers *context) {                              \
    struct thread_state *thread = leave_call(context);                             \
    return thread ? tell_call(thread, clamp(thread, (__s32)read_named(context))) : 0; \
  }

/* The result is 1 for success, and the number of bytes was written to where the caller wanted it. */
#define LEAVE_EX(name)                                                                              \
  SEC("uprobe") int name(struct registers *context) {                                               \
    struct thread_state *thread = leave_call(context);                                              \
    if (!thread) return 0;                                                                          \
    __u64 moved = 0;                                                                                \
    if ((__s32)read_named(context) == 1) bpf_probe_read_user(&moved, sizeof(moved), (void *)thread->tls.size_pointer); \
    return tell_call(thread, clamp(thread, moved));                                                 \
  }

#define LEAVE_HANDSHAKE(name)                                \
  SEC("uprobe") int name(struct registers *context) {        \
    struct thread_state *thread = leave_call(context);       \
    return thread ? tell_call(thread, 0) : 0;                \
  }

/* Another connection may get the same address. */
#define FREE(name)                                           \
  SEC("uprobe") int name(struct registers *context) {        \
    struct connection_key key = key_of(context->di);         \
    bpf_map_delete_elem(&connections, &key);                 \
    return 0;                                                \
  }

ENTER(openssl_read, SOURCE_OPENSSL, DIRECTION_IN, 0)
LEAVE(openssl_read_leave)
ENTER(openssl_write, SOURCE_OPENSSL, DIRECTION_OUT, 0)
LEAVE(openssl_write_leave)
ENTER(openssl_read_ex, SOURCE_OPENSSL, DIRECTION_IN, context->cx)
LEAVE_EX(openssl_read_ex_leave)
ENTER(openssl_write_ex, SOURCE_OPENSSL, DIRECTION_OUT, context->cx)
LEAVE_EX(openssl_write_ex_leave)
ENTER(openssl_handshake, SOURCE_OPENSSL, DIRECTION_NONE, 0)
LEAVE_HANDSHAKE(openssl_handshake_leave)
FREE(openssl_free)

ENTER(gnutls_read, SOURCE_GNUTLS, DIRECTION_IN, 0)
LEAVE(gnutls_read_leave)
ENTER(gnutls_write, SOURCE_GNUTLS, DIRECTION_OUT, 0)
LEAVE(gnutls_write_leave)
ENTER(gnutls_handshake, SOURCE_GNUTLS, DIRECTION_NONE, 0)
LEAVE_HANDSHAKE(gnutls_handshake_leave)
FREE(gnutls_free)
