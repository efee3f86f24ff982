/* What a probe's cookie tells: which function it is in, and where its result lies.
 * One program serves all functions of a binary, because to detach it from one takes the kernel 20 ms or more for each program. */
#ifndef DEEPFLOW_PROBES_H
#define DEEPFLOW_PROBES_H

/* Bits 0 to 7: a register, by its number in machine code. */
#define COOKIE_MEMORY 0x100     /* not the register but the memory that it points to, bits 32 to 63 (signed) bytes further */
#define COOKIE_PROBE_SHIFT 16   /* bits 16 to 23: one of the numbers below */

enum probe {
  PROBE_OPENSSL_READ = 1,
  PROBE_OPENSSL_READ_LEAVE,
  PROBE_OPENSSL_WRITE,
  PROBE_OPENSSL_WRITE_LEAVE,
  PROBE_OPENSSL_READ_EX,
  PROBE_OPENSSL_READ_EX_LEAVE,
  PROBE_OPENSSL_WRITE_EX,
  PROBE_OPENSSL_WRITE_EX_LEAVE,
  PROBE_OPENSSL_HANDSHAKE,
  PROBE_OPENSSL_HANDSHAKE_LEAVE,
  PROBE_OPENSSL_FREE,
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
};

#endif
