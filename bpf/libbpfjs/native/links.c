/* Links: a program joined to the place it runs at, for as long as the link's descriptor is open. */
#define _GNU_SOURCE
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openRawTracepoint(programFd, name | undefined): without a name, the tracepoint the program was loaded for (tp_btf) */
napi_value raw_tracepoint_open(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  char name[128];
  get_arguments(env, info, arguments, 2);
  bool named = to_text(env, arguments[1], name, sizeof name);
  int fd = bpf_raw_tracepoint_open(named ? name : NULL, to_int(env, arguments[0], -1));
  return fd < 0 ? throw_errno(env, "attaching to the tracepoint", -fd) : own_fd(env, fd);
}

/*
 * openPerfEvent(pid, cpu, numbers: BigUint64Array(5), path | undefined):
 * type, config, sampling (0 none, 1 period, 2 frequency), its value, config2 (a probe's offset in the file at path).
 */
napi_value perf_event_open_fd(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  char path[4096];
  void *bytes;
  size_t length;
  get_arguments(env, info, arguments, 4);
  if (!to_bytes(env, arguments[2], &bytes, &length) || length < 5 * sizeof(uint64_t)) return throw_argument(env, "five numbers are needed");
  const uint64_t *numbers = bytes;
  struct perf_event_attr attributes = {.size = sizeof attributes, .type = (__u32)numbers[0], .config = numbers[1]};
  if (numbers[2] == 1) attributes.sample_period = numbers[3];
  if (numbers[2] == 2) attributes.sample_freq = numbers[3], attributes.freq = 1;
  if (to_text(env, arguments[3], path, sizeof path)) {
    attributes.uprobe_path = (uint64_t)(uintptr_t)path;
    attributes.probe_offset = numbers[4];
  }
  int pid = to_int(env, arguments[0], -1), cpu = to_int(env, arguments[1], -1);
  int fd = (int)syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return fd < 0 ? throw_errno(env, "opening the perf event", errno) : own_fd(env, fd);
}

/* attachPerfEvent(programFd, perfFd, cookie: bigint): a link's descriptor, or the perf event's own before Linux 5.15 */
napi_value perf_event_attach(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint64_t cookie = 0;
  get_arguments(env, info, arguments, 3);
  int program = to_int(env, arguments[0], -1), perf = to_int(env, arguments[1], -1);
  to_uint64(env, arguments[2], &cookie);
  LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = cookie);
  int fd = bpf_link_create(program, perf, BPF_PERF_EVENT, &options);
  int error = -fd;
  if (fd < 0 && error == EINVAL && cookie == 0 && ioctl(perf, PERF_EVENT_IOC_SET_BPF, program) == 0) fd = perf;
  if (fd < 0) return throw_errno(env, "attaching to the perf event", error);
  if (ioctl(perf, PERF_EVENT_IOC_ENABLE, 0) != 0) {
    error = errno;
    if (fd != perf) close(fd);
    return throw_errno(env, "enabling the perf event", error);
  }
  return fd == perf ? from_int64(env, fd) : own_fd(env, fd);
}

/* The part of union bpf_attr that BPF_LINK_CREATE reads for uprobes: younger than libbpf 1.1 and its header. */
struct uprobe_multi {
  __u32 program, target, attach_type, flags;
  __u64 path, offsets, reference_counters, cookies;
  __u32 count, probe_flags, pid, pad;
};

enum { trace_uprobe_multi = 48, probe_is_return = 1 };

/* attachUprobeMulti(programFd, path, offsets: BigUint64Array, cookies: BigUint64Array | undefined, pid, isReturn) */
napi_value uprobe_multi_attach(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  char path[4096];
  void *offsets, *cookies = NULL;
  size_t length, cookie_length;
  get_arguments(env, info, arguments, 6);
  if (!to_text(env, arguments[1], path, sizeof path) || !to_bytes(env, arguments[2], &offsets, &length)) {
    return throw_argument(env, "a path and offsets are needed");
  }
  if (!to_bytes(env, arguments[3], &cookies, &cookie_length)) cookies = NULL;
  else if (cookie_length != length) return throw_argument(env, "as many cookies as offsets are needed");
  struct uprobe_multi attributes = {
      .program = (__u32)to_int(env, arguments[0], -1),
      .attach_type = trace_uprobe_multi,
      .path = (uint64_t)(uintptr_t)path,
      .offsets = (uint64_t)(uintptr_t)offsets,
      .cookies = (uint64_t)(uintptr_t)cookies,
      .count = (__u32)(length / sizeof(uint64_t)),
      .probe_flags = to_int(env, arguments[5], 0) ? probe_is_return : 0,
      .pid = (__u32)to_int(env, arguments[4], 0),
  };
  int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes);
  return fd < 0 ? throw_errno(env, "attaching uprobes", errno) : own_fd(env, fd);
}

/* attachCgroup(programFd, cgroupFd, attachType) */
napi_value cgroup_attach(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  get_arguments(env, info, arguments, 3);
  int fd = bpf_link_create(to_int(env, arguments[0], -1), to_int(env, arguments[1], -1),
                           (enum bpf_attach_type)to_int(env, arguments[2], 0), NULL);
  return fd < 0 ? throw_errno(env, "attaching to the cgroup", -fd) : own_fd(env, fd);
}

/* attachIterator(programFd) */
napi_value iterator_attach(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  get_arguments(env, info, arguments, 1);
  int fd = bpf_link_create(to_int(env, arguments[0], -1), 0, BPF_TRACE_ITER, NULL);
  return fd < 0 ? throw_errno(env, "attaching the iterator", -fd) : own_fd(env, fd);
}

/* openIterator(linkFd): a descriptor to read once from the beginning to the end */
napi_value iterator_open(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  get_arguments(env, info, arguments, 1);
  int fd = bpf_iter_create(to_int(env, arguments[0], -1));
  return fd < 0 ? throw_errno(env, "opening the iterator", -fd) : own_fd(env, fd);
}

/* linkInfo(fd, numbers: Float64Array(3)): id, type (BPF_LINK_TYPE_*), id of the program */
napi_value link_info(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  void *bytes;
  size_t length;
  get_arguments(env, info, arguments, 2);
  if (!to_bytes(env, arguments[1], &bytes, &length) || length < 3 * sizeof(double)) return throw_argument(env, "three numbers are needed");
  struct bpf_link_info found = {0};
  __u32 size = sizeof found;
  if (bpf_obj_get_info_by_fd(to_int(env, arguments[0], -1), &found, &size) != 0) return throw_errno(env, "asking for a link's info", errno);
  double *numbers = bytes;
  numbers[0] = found.id;
  numbers[1] = found.type;
  numbers[2] = found.prog_id;
  return NULL;
}
