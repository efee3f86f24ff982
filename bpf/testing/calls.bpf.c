/* Records what probes see, for tests: where a call's buffer is, its result by the cookie, and what the buffer then holds. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

struct call {
  __u64 cookie;
  __u64 result;   /* on leaving: the result; on entry: the third argument */
  __u64 buffer;
  __u64 content;  /* on leaving: the first eight bytes of the buffer */
  __u64 leaves;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 20);
} calls SEC(".maps");

/* The call that is under way: its buffer, and where it will write how many bytes it moved. */
struct open_call {
  __u64 buffer;
  __u64 moved;
};

/* By goroutine, or by thread. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, struct open_call);
} open_calls SEC(".maps");

/* By way of the stack: the verifier refuses a load whose distance from the context is computed. */
static __always_inline __u64 register_of(struct pt_regs *regs, __u64 number) {
  __u64 all[16] = {
      regs->rax, regs->rcx, regs->rdx, regs->rbx, regs->rsp, regs->rbp, regs->rsi, regs->rdi,
      regs->r8, regs->r9, regs->r10, regs->r11, regs->r12, regs->r13, regs->r14, regs->r15,
  };
  barrier_var(number);
  return *(volatile __u64 *)&all[number & 15];
}

static __always_inline int enter(void *context, __u64 key, struct open_call open, __u64 length) {
  bpf_map_update_elem(&open_calls, &key, &open, BPF_ANY);
  struct call *call = bpf_ringbuf_reserve(&calls, sizeof(*call), 0);
  if (!call)
    return 0;
  call->cookie = bpf_get_attach_cookie(context);
  call->result = length;
  call->buffer = open.buffer;
  call->content = 0;
  call->leaves = 0;
  bpf_ringbuf_submit(call, 0);
  return 0;
}

static __always_inline int leave(struct pt_regs *regs, __u64 key) {
  __u64 cookie = bpf_get_attach_cookie(regs);
  __u64 result = register_of(regs, cookie);
  if (cookie & 0x100)
    bpf_probe_read_user(&result, sizeof(result), (void *)(result + ((__s64)cookie >> 32)));
  struct open_call *open = bpf_map_lookup_elem(&open_calls, &key);
  if (!open)
    return 0;
  /* SSL_read_ex and its like return 1 or 0. */
  if (open->moved && (__u32)result == 1)
    bpf_probe_read_user(&result, sizeof(result), (void *)open->moved);
  struct call *call = bpf_ringbuf_reserve(&calls, sizeof(*call), 0);
  if (!call)
    return 0;
  call->cookie = cookie;
  call->result = result;
  call->buffer = open->buffer;
  call->content = 0;
  call->leaves = 1;
  bpf_probe_read_user(&call->content, sizeof(call->content), (void *)call->buffer);
  bpf_ringbuf_submit(call, 0);
  return 0;
}

SEC("uprobe") int go_enter(struct pt_regs *regs) {
  return enter(regs, regs->r14, (struct open_call){.buffer = regs->rbx}, regs->rcx);
}

SEC("uprobe") int go_leave(struct pt_regs *regs) {
  return leave(regs, regs->r14);
}

SEC("uprobe") int c_enter(struct pt_regs *regs) {
  return enter(regs, bpf_get_current_pid_tgid(), (struct open_call){.buffer = regs->rsi}, regs->rdx);
}

SEC("uprobe") int c_enter_ex(struct pt_regs *regs) {
  struct open_call open = {.buffer = regs->rsi, .moved = regs->rcx};
  return enter(regs, bpf_get_current_pid_tgid(), open, regs->rdx);
}

SEC("uprobe") int c_leave(struct pt_regs *regs) {
  return leave(regs, bpf_get_current_pid_tgid());
}

/* What an empty program costs is the probe itself. */
SEC("uprobe") int nothing(struct pt_regs *regs) { return 0; }

char _license[] SEC("license") = "GPL";
