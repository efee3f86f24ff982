/* Writes a record to the ring for every program that is executed. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

/* Set before load: processes of this user only; 0xffffffff is everybody. */
const volatile __u32 only_user = 0xffffffff;

struct execution {
  __u32 pid;
  __u32 user;
  char command[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 20);
} executions SEC(".maps");

/* So that BTF holds the record's layout, which exec.ts reads. */
const struct execution *layout __attribute__((unused));

SEC("tp_btf/sched_process_exec")
int on_exec(void *ctx) {
  __u32 user = (__u32)bpf_get_current_uid_gid();
  if (only_user != 0xffffffff && user != only_user) return 0;
  struct execution *record = bpf_ringbuf_reserve(&executions, sizeof(*record), 0);
  if (!record) return 0;
  record->pid = (__u32)(bpf_get_current_pid_tgid() >> 32);
  record->user = user;
  bpf_get_current_comm(record->command, sizeof(record->command));
  bpf_ringbuf_submit(record, 0);
  return 0;
}
