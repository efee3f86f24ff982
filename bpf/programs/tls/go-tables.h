/* Tells the tables of header fields that Go's HTTP/2 keeps, which a connection that began before us refers to (HPACK, RFC 7541 §2.3.2).
 *
 *   reads:  (*Framer).readMetaFrame tells connection and stream, then (*hpack.Decoder).Write is given the block
 *   writes: (*hpack.Encoder).WriteField is called for each field, then (*Framer).WriteHeaders tells connection and stream
 *
 * Once told, user space follows the bytes by itself: these probes stay for as long as such connections may be met. */
#ifndef DEEPFLOW_GO_TABLES_H
#define DEEPFLOW_GO_TABLES_H

#include "go-descriptor.h"
#include "go-owners.h"
#include "plaintext.h"
#include "registers.h"

/* Places of fields; from bpf/uprobes/go-offsets.ts. */
const volatile __u32 frame_header_stream_id = 0;
const volatile __u32 hpack_encoder_writer = 0;
const volatile __u32 bufio_reader_source = 0;
const volatile __u32 ready_reader_source = 0;

/* Entries of one table that are told. One of 4 KiB, the default, has 128 at most. */
#define TABLE_FIELDS_MAX 256

/* What the first of two calls of a goroutine tells the second. */
struct block_note {
  __u64 subject;          /* *Framer that reads, or *hpack.Encoder */
  __u32 stream;
  __u32 pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct goroutine_key); /* `goroutine`: address of its g */
  __type(value, struct block_note);
} block_notes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct goroutine_key); /* `goroutine`: address of an encoder or decoder */
  __type(value, __u64);              /* the socket it works for */
} coder_sockets SEC(".maps");

static __always_inline bool wants_table(const struct socket_state *state, __u8 direction) {
  if (state->tables & TABLE_ASKED << direction) return true;
  return state->role == ROLE_UNKNOWN && !(state->tables & TABLE_TOLD << direction);
}

/* Whether the coder is known to work for a socket whose table nobody needs. */
static __always_inline bool is_followed(__u64 coder, __u8 direction) {
  struct goroutine_key key = goroutine_key_of(coder);
  __u64 *socket = bpf_map_lookup_elem(&coder_sockets, &key);
  if (!socket) return false;
  __u64 name = *socket;
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  return state && !wants_table(state, direction);
}

struct go_slice { __u64 first, length, capacity; };

/* What a Framer begins with is the io.Reader it reads from: the connection, or a buffer before it. A bufio.Reader is known by its slice, which is
 * as long as its capacity. */
static __always_inline __s64 framer_descriptor(__u64 framer) {
  __u64 reader = 0;
  struct go_slice slice;
  if (!follow(&reader, framer + interface_pointer) || bpf_probe_read_user(&slice, sizeof(slice), (void *)reader)) return -1;
  if (slice.length == slice.capacity && slice.length >= 16 && slice.length < 1 << 30) return find_descriptor(reader + bufio_reader_source);
  __s64 descriptor = find_descriptor(reader + ready_reader_source);
  return descriptor >= 0 ? descriptor : find_descriptor(framer);
}

static __always_inline void begin_header_event(struct event *event, __u8 direction) {
  __u64 id = bpf_get_current_pid_tgid();
  event->time_ns = event->begin_ns = bpf_ktime_get_ns();
  event->cgroup = bpf_get_current_cgroup_id();
  event->pid = id >> 32;
  event->tid = (__u32)id;
  event->kind = EVENT_HEADERS;
  event->source = SOURCE_GO_HTTP2;
  event->direction = direction;
}

/* Names the framer's socket in the event; null when it has none that is traced, or that needs no table. */
static __always_inline struct socket_state *place_block(__u64 framer, __u64 coder, struct event *event) {
  struct target target;
  __s64 descriptor = framer_descriptor(framer);
  if (descriptor < 0 || !find_target(descriptor, &target) || !target.sock || !describe_socket(target.sock, target.inode, event)) {
    count(COUNTER_STREAM_NO_SOCKET);
    return 0;
  }
  if (!ports_pass(event->local_port, event->remote_port)) return 0;
  struct socket_state *state = take_socket(event->socket, target.inode);
  if (!state) return 0;
  struct goroutine_key key = goroutine_key_of(coder);
  __u64 socket = event->socket;
  bpf_map_update_elem(&coder_sockets, &key, &socket, BPF_ANY);
  event->role = state->role;
  return wants_table(state, event->direction) ? state : 0;
}

static __always_inline void note_told(struct socket_state *state, __u8 direction) {
  state->tables |= TABLE_TOLD << direction;
  state->tables &= ~(TABLE_ASKED << direction);
  state->flags |= SOCKET_SEEN;
}

static __always_inline void note_block(struct header_event *head, __u64 block, __u64 length) {
  head->block_length = length;
  bpf_probe_read_user(head->block, length < HEADER_BLOCK_BEGIN ? length & (HEADER_BLOCK_BEGIN - 1) : HEADER_BLOCK_BEGIN, (void *)block);
}

/* Writes an event with all fields of its coder's table, or with the newest that have room; nothing when what is found there is no table: its
 * entries are then not as large as it says. Gives 0 when told. Twice the room: the verifier bounds offset and size apart from each other. */
#define DEFINE_TELL_TABLE(SIZE)                                                                             \
  __noinline int tell_table_##SIZE(const struct event *event, const struct header_event *head) {            \
    struct hpack_table table;                                                                               \
    if (!event || !head) return -1;                                                                         \
    if (bpf_probe_read_user(&table, sizeof(table), (void *)head->coder)) return -1;                         \
    struct { struct event event; struct header_event head; __u8 fields[2 * SIZE + 4]; } *record =           \
      bpf_ringbuf_reserve(&events, sizeof(*record), 0);                                                     \
    if (!record) {                                                                                          \
      count(COUNTER_RING_FULL);                                                                             \
      return -1;                                                                                            \
    }                                                                                                       \
    record->event = *event;                                                                                 \
    record->head = *head;                                                                                   \
    __u64 at = 0, size = 0, entry = table.entries + table.count * sizeof(struct hpack_field);               \
    __u32 told = 0;                                                                                         \
    for (; told < TABLE_FIELDS_MAX && told < table.count; told++) {                                         \
      struct hpack_field field;                                                                             \
      entry -= sizeof(field);                                                                               \
      if (bpf_probe_read_user(&field, sizeof(field), (void *)entry)) break;                                 \
      __u64 name = field.name_length, value = field.value_length;                                           \
      if (name >= SIZE || value >= SIZE || at + 4 + name + value > SIZE) break;                             \
      at &= SIZE - 1;                                                                                       \
      *(__u16 *)(record->fields + at) = name;                                                               \
      *(__u16 *)(record->fields + at + 2) = value;                                                          \
      if (bpf_probe_read_user(record->fields + at + 4, name & (SIZE - 1), (void *)field.name)) break;       \
      __u64 after = (at + 4 + name) & (SIZE - 1);                                                           \
      if (bpf_probe_read_user(record->fields + after, value & (SIZE - 1), (void *)field.value)) break;      \
      at += 4 + name + value;                                                                               \
      size += name + value + 32;                                                                            \
    }                                                                                                       \
    if (size > table.bytes || (told == table.count && size != table.bytes)) {                                 \
      bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);                                                        \
      return -1;                                                                                            \
    }                                                                                                       \
    record->head.max_size = table.max_bytes;                                                                 \
    record->head.fields = told;                                                                             \
    record->event.captured = sizeof(*head) + at;                                                            \
    submit(record, sizeof(*record));                                                                        \
    return 0;                                                                                               \
  }

DEFINE_TELL_TABLE(4096)
DEFINE_TELL_TABLE(16384)

static __always_inline bool tell_table(const struct event *event, const struct header_event *head) {
  struct hpack_table table;
  if (bpf_probe_read_user(&table, sizeof(table), (void *)head->coder)) return false;
  return (table.bytes <= 4096 ? tell_table_4096(event, head) : tell_table_16384(event, head)) == 0;
}

/* (*Framer).readMetaFrame(*HeadersFrame), which begins with its FrameHeader. */
static __always_inline int begin_read_block(const struct registers *context) {
  struct block_note note = { .subject = context->ax };
  struct goroutine_key key = goroutine_key_of(context->r14);
  if (!traced_thread() || bpf_probe_read_user(&note.stream, sizeof(note.stream), (void *)(context->bx + frame_header_stream_id))) return 0;
  bpf_map_update_elem(&block_notes, &key, &note, BPF_ANY);
  return 0;
}

/* (*hpack.Decoder).Write(block): the first fragment of it, before a field was taken. */
static __always_inline int decode_block(const struct registers *context) {
  struct goroutine_key key = goroutine_key_of(context->r14);
  struct block_note *note = bpf_map_lookup_elem(&block_notes, &key);
  if (!note) return 0;
  __u64 framer = note->subject;
  struct header_event head = { .coder = context->ax, .stream = note->stream };
  bpf_map_delete_elem(&block_notes, &key);
  if (is_followed(head.coder, DIRECTION_IN)) return 0;
  struct event event = {};
  begin_header_event(&event, DIRECTION_IN);
  struct socket_state *state = place_block(framer, head.coder, &event);
  if (!state) return 0;
  note_block(&head, context->bx, context->cx);
  if (tell_table(&event, &head)) note_told(state, DIRECTION_IN);
  return 0;
}

/* (*hpack.Encoder).WriteField: the first of a block, when nothing was written yet to the buffer behind it (its length follows its address).
 * Which socket it is for is not known then: a table is told in vain once for each new connection. */
static __always_inline int encode_field(const struct registers *context) {
  __u64 buffer = 0, written = 1;
  struct header_event head = { .coder = context->ax };
  if (!follow(&buffer, head.coder + hpack_encoder_writer)) return 0;
  if (bpf_probe_read_user(&written, sizeof(written), (void *)(buffer + 8)) || written) return 0;
  if (!traced_thread()) return 0;
  struct goroutine_key key = goroutine_key_of(context->r14);
  struct event event = {};
  begin_header_event(&event, DIRECTION_OUT);
  if (is_followed(head.coder, DIRECTION_OUT) || !tell_table(&event, &head)) {
    /* what the goroutine noted of another block is of no use now */
    bpf_map_delete_elem(&block_notes, &key);
    return 0;
  }
  struct block_note note = { .subject = head.coder };
  bpf_map_update_elem(&block_notes, &key, &note, BPF_ANY);
  return 0;
}

/* (*Framer).WriteHeaders(HeadersFrameParam): too large for registers, so it lies above the return address: stream, then a slice. */
static __always_inline int end_write_block(const struct registers *context) {
  struct goroutine_key key = goroutine_key_of(context->r14);
  struct block_note *note = bpf_map_lookup_elem(&block_notes, &key);
  if (!note) return 0;
  struct header_event head = { .coder = note->subject };
  bpf_map_delete_elem(&block_notes, &key);
  struct { __u64 stream; struct go_slice block; } frame;
  if (!traced_thread() || bpf_probe_read_user(&frame, sizeof(frame), (void *)(context->sp + 8))) return 0;
  struct event event = {};
  begin_header_event(&event, DIRECTION_OUT);
  struct socket_state *state = place_block(context->ax, head.coder, &event);
  if (!state) return 0;
  head.stream = (__u32)frame.stream;
  note_block(&head, frame.block.first, frame.block.length);
  struct { struct event event; struct header_event head; } *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
  if (!record) {
    count(COUNTER_RING_FULL);
    return 0;
  }
  event.captured = sizeof(head);
  record->event = event;
  record->head = head;
  submit(record, sizeof(*record));
  note_told(state, DIRECTION_OUT);
  return 0;
}

#endif
