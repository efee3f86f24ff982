/* Programs that read records from sockets themselves and hand them to their TLS library in memory (BIO_write of OpenSSL, into the BIO of
 * an SSL): a record is known again by its content, however long it waited and whatever was read meanwhile.
 *
 *   read of a socket    the dispatcher keeps where the record came from, by a mark of its content (`records`)
 *   BIO_write           finds that mark, and keeps for the thread: what this BIO holds came from there
 *   call of an SSL      if that BIO is the SSL's, so did what the SSL reads */
#ifndef DEEPFLOW_HANDED_H
#define DEEPFLOW_HANDED_H

#include "plaintext.h"
#include "registers.h"

/* An SSL was given BIOs by its program: before its first handshake, so that no record is missed. */
static __always_inline int begin_handing_over(void) {
  struct thread_state *thread = traced_thread();
  if (thread) thread->hands_over = 1;
  return 0;
}

/* Registers at BIO_write: BIO, buffer, length. */
static __noinline int hand_over(struct registers *context) {
  struct thread_state *thread = traced_thread();
  struct record_key key;
  if (!thread || !mark_record(context->si, context->dx, &key)) return 0;
  thread->hands_over = 1;
  thread->handed_to = 0;
  struct place *place = bpf_map_lookup_elem(&records, &key);
  if (!place) return 0;
  thread->handed = *place;
  thread->handed_to = context->di;
  bpf_map_delete_elem(&records, &key);
  return 0;
}

/* Bytes at the beginning of an SSL among which all versions keep the pointers to its BIOs: at 16 in OpenSSL 1.1 and 3.0, at 80 in 3.5. */
#define SSL_WORDS 16

/* Whether the SSL holds the BIO: no other word of it is equal to the address of one. Global, so that the verifier checks it once. */
__noinline int holds_bio(__u64 ssl, __u64 bio) {
  __u64 words[SSL_WORDS];
  if (bpf_probe_read_user(words, sizeof(words), (void *)ssl)) return 0;
  for (int i = 0; i < SSL_WORDS; i++)
    if (words[i] == bio) return 1;
  return 0;
}

#endif
