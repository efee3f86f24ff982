/* Programs of every kind that the tests attach; each counts its runs by place, one writes records of known contents. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

/* Set by the tests before load. */
const volatile __u32 only_pid = 0;
const volatile __u64 wide = 1;
const volatile __u8 bytes[4] = {1, 2, 3, 4};
const volatile __s16 negative = 7;

/* What the reader of BTF has to get right. */
enum signs { SIGN_MINUS = -5, SIGN_PLUS = 5 };
typedef __u16 twice[2];
struct inner { __u32 a; __s16 b; };
struct shapes {
  __u8 first;
  struct inner nested[3];
  twice grid[4];
  union {
    __u64 whole;
    struct { __u32 low; __u32 high; };
  };
  __u32 three : 3;
  __u32 nine : 9;
  void *pointer;
  enum signs sign;
  const volatile __s64 last;
};
struct shapes shapes_used = {};

enum place { PLACE_TP_BTF, PLACE_RAW, PLACE_TRACEPOINT, PLACE_PERF, PLACE_UPROBE, PLACE_URETPROBE, PLACE_MULTI, PLACE_SOCKOPS, PLACES };

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PLACES);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

/* The sum of cookies per place. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, PLACES);
  __type(key, __u32);
  __type(value, __u64);
} cookies SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u32);
} per_cpu SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u64);
  __type(value, __u32);
} table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 65536);
} ring SEC(".maps");

struct record {
  __u64 number;
  __u32 check;
  __u32 last;        /* repeats the number's low bits at the record's end */
};

struct long_record {
  struct record head;
  __u8 payload[236];
  __u32 last;
};

static __always_inline void ran(__u32 place) {
  __u64 *count = bpf_map_lookup_elem(&runs, &place);
  if (count) __sync_fetch_and_add(count, 1);
}

static __always_inline void ran_with_cookie(void *ctx, __u32 place) {
  __u64 *sum = bpf_map_lookup_elem(&cookies, &place);
  if (sum) __sync_fetch_and_add(sum, bpf_get_attach_cookie(ctx));
  ran(place);
}

static __always_inline int mine(void) {
  return only_pid == 0 || bpf_get_current_pid_tgid() >> 32 == only_pid;
}

SEC("tp_btf/sys_enter")
int on_tp_btf(void *ctx) {
  if (mine()) ran(PLACE_TP_BTF);
  return 0;
}

SEC("raw_tp/sys_enter")
int on_raw(void *ctx) {
  if (mine()) ran(PLACE_RAW);
  return 0;
}

SEC("tp/sched/sched_process_exec")
int on_tracepoint(void *ctx) {
  ran(PLACE_TRACEPOINT);
  return 0;
}

SEC("perf_event")
int on_clock(void *ctx) {
  ran(PLACE_PERF);
  return 0;
}

SEC("uprobe")
int on_uprobe(void *ctx) {
  ran_with_cookie(ctx, PLACE_UPROBE);
  return 0;
}

SEC("uprobe")
int on_uretprobe(void *ctx) {
  ran_with_cookie(ctx, PLACE_URETPROBE);
  return 0;
}

SEC("uprobe")
int on_multi(void *ctx) {
  ran_with_cookie(ctx, PLACE_MULTI);
  return 0;
}

SEC("sockops")
int on_sockops(struct bpf_sock_ops *ctx) {
  ran(PLACE_SOCKOPS);
  return 1;
}

__u64 written = 0;

/* One record a run, by turns long and short; every seventh is discarded. Wakes the consumer when told so. */
const volatile __u32 wake = 0;

SEC("socket")
int write_record(struct __sk_buff *ctx) {
  __u64 number = __sync_fetch_and_add(&written, 1);
  __u64 flags = wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
  __u32 check = (__u32)number * 2654435761u;
  if (number % 2) {
    struct long_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) return 0;
    record->head = (struct record){number, check, (__u32)number};
    record->last = (__u32)number;
    if (number % 7 == 6) bpf_ringbuf_discard(record, flags);
    else bpf_ringbuf_submit(record, flags);
  } else {
    struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) return 0;
    *record = (struct record){number, check, (__u32)number};
    if (number % 7 == 6) bpf_ringbuf_discard(record, flags);
    else bpf_ringbuf_submit(record, flags);
  }
  return 1;
}

/* For the bench: as large as an event with 256 bytes of payload. */
SEC("socket")
int write_event(struct __sk_buff *ctx) {
  __u64 *record = bpf_ringbuf_reserve(&ring, 400, 0);
  if (!record) return 0;
  __u64 number = __sync_fetch_and_add(&written, 1);
  for (int i = 0; i < 50; i++) record[i] = number;
  bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
  return 1;
}

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct task_struct { int pid; int tgid; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } __attribute__((preserve_access_index));

/* Writes the number of each process. */
SEC("iter/task")
int each_process(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task || task->pid != task->tgid) return 0;
  __u32 pid = task->tgid;
  bpf_seq_write(ctx->meta->seq, &pid, sizeof(pid));
  return 0;
}

SEC("raw_tp/sys_exit")
int refused(void *ctx) {
  return *(volatile int *)0xdead;
}
