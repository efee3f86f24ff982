/* What a probe's cookie tells: which function it is in, and where its result lies.
 * One program serves all functions of a binary, because to detach it from one takes the kernel 20 ms or more for each program. */
#ifndef DEEPFLOW_PROBES_H
#define DEEPFLOW_PROBES_H

/* Bits 0 to 7: a register, by its number in machine code. */
#define COOKIE_MEMORY 0x100     /* not the register but the memory that it points to, bits 32 to 63 (signed) bytes further */
#define COOKIE_PROBE_SHIFT 16   /* bits 16 to 23: one of the numbers below */
#define COOKIE_LAYOUT_SHIFT 24  /* bits 24 to 31: which of the layouts a binary's gRPC has */
#define GRPC_LAYOUTS 16

enum probe {
  PROBE_OPENSSL_READ = 1,
  PROBE_OPENSSL_READ_LEAVE,
  PROBE_OPENSSL_WRITE,
  PROBE_OPENSSL_WRITE_LEAVE,
  PROBE_OPENSSL_READ_EX,
  PROBE_OPENSSL_READ_EX_LEAVE,
  PROBE_OPENSSL_WRITE_EX,
  PROBE_OPENSSL_WRITE_EX_LEAVE,
  PROBE_OPENSSL_WRITE_EX2,
  PROBE_OPENSSL_HANDSHAKE,
  PROBE_OPENSSL_HANDSHAKE_LEAVE,
  PROBE_OPENSSL_FREE,
  PROBE_OPENSSL_SET_BIO,
  PROBE_OPENSSL_BIO_WRITE,
  PROBE_GNUTLS_READ,
  PROBE_GNUTLS_READ_LEAVE,
  PROBE_GNUTLS_WRITE,
  PROBE_GNUTLS_WRITE_LEAVE,
  PROBE_GNUTLS_HANDSHAKE,
  PROBE_GNUTLS_HANDSHAKE_LEAVE,
  PROBE_GNUTLS_FREE,
  PROBE_GO_TLS_READ,
  PROBE_GO_TLS_READ_LEAVE,
  PROBE_GO_TLS_WRITE,
  PROBE_GO_HTTP_ROUND_TRIP,
  PROBE_GO_HTTP_CONNECTION_WRITE,
  PROBE_GO_HTTP_CONNECTION_READ,
  PROBE_GO_HTTP2_ROUND_TRIP,
  PROBE_GO_HTTP2_REQUEST,
  PROBE_GO_HTTP2_CLIENT_REQUEST,
  PROBE_GO_HTTP2_HANDLER,
  PROBE_GO_GRPC_HANDLER,
  PROBE_GO_GRPC_STREAM_LEAVE,
  PROBE_GO_HTTP2_READ_BLOCK,
  PROBE_GO_HPACK_DECODE,
  PROBE_GO_HPACK_ENCODE,
  PROBE_GO_HTTP2_WRITE_BLOCK,
  PROBE_PYTHON_CONTEXT_ENTER,
  PROBE_PYTHON_CONTEXT_COPY_LEAVE,
};

/* Where grpc-go keeps the number of a stream and the net.Conn of a connection, in bytes. */
struct grpc_layout {
  __u16 stream_id;         /* in a stream, or what it begins with a pointer to */
  __u16 stream_is_pointer;
  __u16 client_transport;  /* pointer to the connection, in a client's stream */
  __u16 client_connection; /* net.Conn of a client's connection, and of a server's */
  __u16 server_connection;
  __u16 pad[3];
};

/* What golang.org/x/net/http2/hpack's Encoder and Decoder begin with: their dynamicTable. */
struct hpack_table {
  __u64 entries;           /* a slice of struct hpack_field; the newest is the last */
  __u64 count;
  __u64 capacity;
  __u64 evicted;
  __u64 by_name;
  __u64 by_name_value;
  __u32 bytes;             /* RFC 7541 §4.1: of each entry name and value, and 32 */
  __u32 max_bytes;
};

/* hpack.HeaderField */
struct hpack_field {
  __u64 name;
  __u64 name_length;
  __u64 value;
  __u64 value_length;
  __u64 sensitive;
};

#endif
