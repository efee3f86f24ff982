/* Loaded programs by descriptor: what the kernel counted of them, test runs, and tiny programs that probe what it allows. */
#define _GNU_SOURCE
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

/* programInfo(fd, numbers: Float64Array(5)): id, run time in ns, runs, verified instructions, bytes of machine code */
napi_value program_info(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  void *bytes;
  size_t length;
  get_arguments(env, info, arguments, 2);
  if (!to_bytes(env, arguments[1], &bytes, &length) || length < 5 * sizeof(double)) return throw_argument(env, "five numbers are needed");
  struct bpf_prog_info found = {0};
  __u32 size = sizeof found;
  if (bpf_obj_get_info_by_fd(to_int(env, arguments[0], -1), &found, &size) != 0) return throw_errno(env, "asking for a program's info", errno);
  double *numbers = bytes;
  numbers[0] = found.id;
  numbers[1] = (double)found.run_time_ns;
  numbers[2] = (double)found.run_cnt;
  numbers[3] = found.verified_insns;
  numbers[4] = found.jited_prog_len;
  return NULL;
}

/* runProgram(fd, data?: Uint8Array, context?: Uint8Array, repeat, numbers: Float64Array(2)): returned value, mean ns */
napi_value program_run(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  void *data = NULL, *context = NULL, *bytes;
  size_t data_size = 0, context_size = 0, length;
  get_arguments(env, info, arguments, 5);
  if (!to_bytes(env, arguments[1], &data, &data_size)) data = NULL, data_size = 0;
  if (!to_bytes(env, arguments[2], &context, &context_size)) context = NULL, context_size = 0;
  if (!to_bytes(env, arguments[4], &bytes, &length) || length < 2 * sizeof(double)) return throw_argument(env, "two numbers are needed");
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data, .data_size_in = (__u32)data_size, .ctx_in = context,
              .ctx_size_in = (__u32)context_size, .repeat = to_int(env, arguments[3], 0));
  int error = bpf_prog_test_run_opts(to_int(env, arguments[0], -1), &options);
  if (error) return throw_errno(env, "running the program", -error);
  double *numbers = bytes;
  numbers[0] = options.retval;
  numbers[1] = options.duration;
  return NULL;
}

/* probeProgram(type, attachType, kernelTypeId): 0 when the kernel takes `return 0` as such a program, else errno */
napi_value program_probe(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  get_arguments(env, info, arguments, 3);
  const struct bpf_insn nothing[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT},
  };
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = (enum bpf_attach_type)to_int(env, arguments[1], 0),
              .attach_btf_id = (__u32)to_int(env, arguments[2], 0));
  int fd = bpf_prog_load((enum bpf_prog_type)to_int(env, arguments[0], 0), "probe", "GPL", nothing, 2, &options);
  if (fd < 0) return throw_errno(env, "loading a program that does nothing", -fd);
  return own_fd(env, fd);
}

/* kernelType(name, attachType): number of that type in the kernel's BTF; throws when there is none */
napi_value vmlinux_type(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  char name[128];
  get_arguments(env, info, arguments, 2);
  if (!to_text(env, arguments[0], name, sizeof name)) return throw_argument(env, "a name is needed");
  int id = libbpf_find_vmlinux_btf_id(name, (enum bpf_attach_type)to_int(env, arguments[1], 0));
  return id < 0 ? throw_errno(env, name, -id) : from_int64(env, id);
}

/* enableStats(): the kernel counts runs and their time while this descriptor is open */
napi_value stats_enable(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
  return fd < 0 ? throw_errno(env, "switching statistics on", -fd) : own_fd(env, fd);
}
