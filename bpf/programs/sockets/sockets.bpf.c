/* Every system call of the host passes here twice: those that move bytes over sockets, open or close them, or are slow on files, of
 * processes that are traced, become events. Also the beginning and end of processes, and TCP's own changes of state.
 *
 * Hooks are of three kinds, of which the loader takes the first that the kernel has; the story between them is the same.
 *   (default)            tp_btf: typed arguments, plain loads, state in the task's own storage
 *   SOCKETS_RAW          raw_tp: registers by helper, state in a hash
 *   SOCKETS_TRACEPOINT   classic tracepoints: arguments only when a call begins, so they are kept */
#if defined(SOCKETS_RAW) || defined(SOCKETS_TRACEPOINT)
#define PROBE_READS
#define THREADS_IN_HASH
#endif
#ifdef SOCKETS_TRACEPOINT
#define ARGUMENTS_AT_ENTER
#endif

#include "calls.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline void set_limit(struct limit *limit, __u32 cap, __u32 flags) {
  limit->cap = cap;
  limit->flags = flags;
  /* What is on its way counts as the rest of a message: a head that is being read now is whole. */
  limit->left[0] = limit->left[1] = cap;
}

/* Run by user space itself, not attached: writes the fields that are meant and no others, in which other CPUs count meanwhile.
 * Gives 0 when the socket is gone: another one may have its name by now. */
SEC("raw_tp")
int sockets_command(struct command_arguments *asked) {
  __u64 name = asked->socket;
  struct socket_state *state = bpf_map_lookup_elem(&sockets, &name);
  if (!state || state->born_ns > asked->seen_ns) return 0;
  switch (asked->command) {
    case COMMAND_LIMIT_WIRE:
      set_limit(&state->wire, asked->value, asked->flags);
      return 1;
    case COMMAND_LIMIT_CLEAR:
      set_limit(&state->clear, asked->value, asked->flags);
      return 1;
    case COMMAND_ASK_TABLE:
      state->tables |= TABLE_ASKED << (asked->value & 1);
      return 1;
  }
  return 0;
}

static __always_inline struct thread_state *enter(__u64 call) {
  if (!is_known_call(call)) return 0;
  struct thread_state *thread = take_thread();
  if (!thread) {
    count(COUNTER_NO_THREAD);
    return 0;
  }
  return is_traced(thread) ? thread : 0;
}

/* The thread, when it is in this call and its beginning was seen. */
static __always_inline struct thread_state *leave(__u64 call) {
  if (!is_known_call(call)) return 0;
  struct thread_state *thread = find_thread();
  return thread && thread->call == call + 1 ? thread : 0;
}

#ifdef SOCKETS_TRACEPOINT

struct enter_arguments { __u64 common; long call; __u64 arguments[6]; };
struct exit_arguments { __u64 common; long call; long result; };

SEC("tracepoint/raw_syscalls/sys_enter")
int sockets_enter(struct enter_arguments *context) {
  struct thread_state *thread = enter(context->call);
  if (!thread) return 0;
  for (int i = 0; i < 6; i++) thread->arguments[i] = context->arguments[i];
  return traced_enter(thread, context->call, thread->arguments[0], thread->arguments[context->call == CALL_SPLICE ? 2 : 1]);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int sockets_exit(struct exit_arguments *context) {
  struct thread_state *thread = leave(context->call);
  return thread ? on_exit(thread, context->call, context->result, 0) : 0;
}

struct exec_arguments { __u64 common; __u32 name; };

/* `name` says where in the record the path is, in its lower half. */
SEC("tracepoint/sched/sched_process_exec")
int sockets_exec(struct exec_arguments *context) { return on_exec((__u64)context + (context->name & 0xffff)); }

struct state_arguments { __u64 common; __u64 sock; int from; int to; };

SEC("tracepoint/sock/inet_sock_set_state")
int sockets_state(struct state_arguments *context) { return on_tcp_state(context->sock, context->from, context->to); }

struct destroy_arguments { __u64 common; __u64 sock; };

SEC("tracepoint/tcp/tcp_destroy_sock")
int sockets_destroy(struct destroy_arguments *context) { return on_tcp_destroy(context->sock); }

SEC("tracepoint/sched/sched_process_exit")
int sockets_process_exit(void *context) { return on_process_exit(); }

#else

#ifdef SOCKETS_RAW
#define HOOK(name) SEC("raw_tp/" name)
#else
#define HOOK(name) SEC("tp_btf/" name)
#endif

HOOK("sys_enter")
int sockets_enter(__u64 *context) {
  __u64 call = context[1];
  struct thread_state *thread = enter(call);
  if (!thread) return 0;
  void *registers = (void *)context[0];
  return traced_enter(thread, call, TRUSTED(registers, pt_regs, di), call == CALL_SPLICE ? TRUSTED(registers, pt_regs, dx) : TRUSTED(registers, pt_regs, si));
}

HOOK("sys_exit")
int sockets_exit(__u64 *context) {
  void *registers = (void *)context[0];
  __u64 call = TRUSTED(registers, pt_regs, orig_ax);
  struct thread_state *thread = leave(call);
  return thread ? on_exit(thread, call, context[1], registers) : 0;
}

HOOK("sched_process_exec")
int sockets_exec(__u64 *context) { return on_exec((__u64)FIELD(context[2], linux_binprm, filename)); }

HOOK("sched_process_fork")
int sockets_fork(__u64 *context) { return on_fork((void *)context[0], (void *)context[1]); }

HOOK("inet_sock_set_state")
int sockets_state(__u64 *context) {
  __u64 sock = 0; /* read as a number, as its address is calculated with */
  bpf_probe_read_kernel(&sock, sizeof(sock), context);
  return on_tcp_state(sock, context[1], context[2]);
}

HOOK("tcp_destroy_sock")
int sockets_destroy(__u64 *context) {
  __u64 sock = 0;
  bpf_probe_read_kernel(&sock, sizeof(sock), context);
  return on_tcp_destroy(sock);
}

/* Operations of io_uring, by their numbers in linux/io_uring.h: SENDMSG, RECVMSG, ACCEPT, CONNECT, SEND, RECV, SEND_ZC, SENDMSG_ZC, RECV_ZC
 * are of sockets; READV, WRITEV, READ, WRITE, READ_MULTISHOT when their descriptor is one. */
#define ON_SOCKETS (BIT(9) | BIT(10) | BIT(13) | BIT(16) | BIT(26) | BIT(27) | BIT(47) | BIT(48) | BIT(58))
#define ON_DESCRIPTORS (BIT(1) | BIT(2) | BIT(22) | BIT(23) | BIT(49))

static __always_inline bool is_on_socket(__u64 request) {
  __u8 operation = FIELD(request, io_kiocb, opcode);
  if (operation > 63) return false;
  if (ON_SOCKETS >> operation & 1) return true;
  struct target target;
  return ON_DESCRIPTORS >> operation & 1 && find_target(FIELD(request, io_kiocb, cqe.fd), &target) && target.sock;
}

/* Requests through io_uring pass no system call of their own: those to sockets are counted, and their process is marked. */
HOOK("io_uring_submit_req")
int sockets_io_uring(__u64 *context) {
  struct thread_state *thread = find_thread();
  if (!thread || thread->verdict != VERDICT_TRACE || !is_on_socket(context[0])) return 0;
  count(COUNTER_IO_URING);
  __u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
  if (process) process->flags |= PROCESS_IO_URING;
  else {
    struct process_state state = { .flags = PROCESS_IO_URING };
    bpf_map_update_elem(&processes, &pid, &state, BPF_NOEXIST);
  }
  return 0;
}

HOOK("sched_process_exit")
int sockets_process_exit(__u64 *context) { return on_process_exit(); }

#endif
