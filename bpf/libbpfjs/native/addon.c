/* The addon's table of functions, and the helpers of addon.h. */
#define _GNU_SOURCE
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- errors ---- */

/* strerrorname_np is younger than the oldest glibc this runs on. 524 is the kernel's own ENOTSUPP, without a name in libc. */
static const char *name_of(int error) {
  static __thread char other[16];
  switch (error) {
#define NAME(code) case code: return #code
    NAME(EPERM); NAME(ENOENT); NAME(EINTR); NAME(EIO); NAME(E2BIG); NAME(EBADF); NAME(EAGAIN); NAME(ENOMEM); NAME(EACCES);
    NAME(EFAULT); NAME(EBUSY); NAME(EEXIST); NAME(ENODEV); NAME(ENOTDIR); NAME(EISDIR); NAME(EINVAL); NAME(ENFILE);
    NAME(EMFILE); NAME(ENOSPC); NAME(ERANGE); NAME(ENOSYS); NAME(ENODATA); NAME(EPROTO); NAME(EOVERFLOW); NAME(EOPNOTSUPP);
    NAME(ENOTSOCK); NAME(ENOEXEC); NAME(ESRCH); NAME(EILSEQ); NAME(ELOOP); NAME(EBADFD); NAME(ENAMETOOLONG);
#undef NAME
    case 524: return "ENOTSUPP";
    case LIBBPF_ERRNO__FORMAT: return "EFORMAT";
    case LIBBPF_ERRNO__VERIFY: return "EVERIFY";
  }
  snprintf(other, sizeof other, "ERRNO_%d", error);
  return other;
}

napi_value throw_errno(napi_env env, const char *what, int error) {
  char message[512], reason[128];
  libbpf_strerror(error, reason, sizeof reason);
  snprintf(message, sizeof message, "%s: %s", what, error == 524 ? "Operation not supported" : reason);
  napi_throw_error(env, name_of(error), message);
  return NULL;
}

napi_value throw_argument(napi_env env, const char *what) {
  napi_throw_type_error(env, "EINVAL", what);
  return NULL;
}

/* ---- values ---- */

void get_arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count) {
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
}

bool to_int64(napi_env env, napi_value value, int64_t *number) {
  return napi_get_value_int64(env, value, number) == napi_ok;
}

bool to_uint64(napi_env env, napi_value value, uint64_t *number) {
  int64_t given;
  bool lossless;
  if (napi_get_value_bigint_uint64(env, value, number, &lossless) == napi_ok) return lossless;
  if (!to_int64(env, value, &given) || given < 0) return false;
  *number = (uint64_t)given;
  return true;
}

int to_int(napi_env env, napi_value value, int otherwise) {
  int32_t number;
  return napi_get_value_int32(env, value, &number) == napi_ok ? number : otherwise;
}

bool to_text(napi_env env, napi_value value, char *text, size_t size) {
  size_t length;
  text[0] = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= size) return false;
  return napi_get_value_string_utf8(env, value, text, size, &length) == napi_ok && strlen(text) == length;
}

bool to_bytes(napi_env env, napi_value value, void **bytes, size_t *length) {
  napi_typedarray_type type;
  bool is;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return false;
  if (napi_get_typedarray_info(env, value, &type, length, bytes, NULL, NULL) != napi_ok) return false;
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array: *length *= 2; break;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: *length *= 4; break;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: *length *= 8; break;
    default: break;
  }
  return true;
}

napi_value from_int64(napi_env env, int64_t number) {
  napi_value value = NULL;
  napi_create_int64(env, number, &value);
  return value;
}

napi_value from_text(napi_env env, const char *text) {
  napi_value value = NULL;
  napi_create_string_utf8(env, text ? text : "", NAPI_AUTO_LENGTH, &value);
  return value;
}

void set(napi_env env, napi_value object, const char *name, napi_value value) {
  if (value) napi_set_named_property(env, object, name, value);
}

/* ---- descriptors of a JavaScript thread ---- */

/* What libbpf said in this thread; log_room bytes at most. */
enum { log_room = 64 * 1024 };
static __thread struct {
  char *text;
  size_t length;
} tail;

struct descriptors {
  int *fds;
  size_t count, room;
};

static void thread_ends(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct descriptors *all = data;
  for (size_t i = 0; i < all->count; i++) close(all->fds[i]);
  free(all->fds);
  free(all);
  free(tail.text);
  tail.text = NULL;
  tail.length = 0;
}

napi_value own_fd(napi_env env, int fd) {
  struct descriptors *all = NULL;
  napi_get_instance_data(env, (void **)&all);
  if (all && all->count == all->room) {
    size_t room = all->room * 2 + 16;
    int *fds = realloc(all->fds, room * sizeof *fds);
    if (fds) all->fds = fds, all->room = room;
  }
  if (!all || all->count == all->room) {
    close(fd);
    return throw_errno(env, "keeping a descriptor", ENOMEM);
  }
  all->fds[all->count++] = fd;
  return from_int64(env, fd);
}

bool disown_fd(napi_env env, int fd) {
  struct descriptors *all = NULL;
  napi_get_instance_data(env, (void **)&all);
  for (size_t i = 0; all && i < all->count; i++) {
    if (all->fds[i] != fd) continue;
    all->fds[i] = all->fds[--all->count];
    return true;
  }
  return false;
}

/* closeFd(fd): true unless it was closed before, or never ours. */
napi_value fd_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1], result;
  get_arguments(env, info, arguments, 1);
  int fd = to_int(env, arguments[0], -1);
  bool ours = disown_fd(env, fd);
  if (ours) close(fd);
  napi_get_boolean(env, ours, &result);
  return result;
}

/* ---- libbpf's messages ---- */

static void append(const char *text, size_t length) {
  if (!tail.text) tail.text = malloc(log_room);
  if (!tail.text) return;
  if (length > log_room) text += length - log_room, length = log_room;
  if (tail.length + length > log_room) {
    size_t drop = tail.length + length - log_room;
    memmove(tail.text, tail.text + drop, tail.length - drop);
    tail.length -= drop;
  }
  memcpy(tail.text + tail.length, text, length);
  tail.length += length;
}

static int keep(enum libbpf_print_level level, const char *format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  char *text;
  /* A verifier's log is one message of up to 16 MiB. */
  int length = vasprintf(&text, format, arguments);
  if (length < 0) return 0;
  append(text, (size_t)length);
  free(text);
  return length;
}

/* takeLog(): what libbpf said in this thread since the last call. */
napi_value take_log(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result = NULL;
  napi_create_string_utf8(env, tail.text ? tail.text : "", tail.length, &result);
  tail.length = 0;
  return result;
}

/* ---- the table ---- */

static napi_value initialise(napi_env env, napi_value exports) {
  const struct {
    const char *name;
    napi_callback call;
  } functions[] = {
      {"openObject", object_open},
      {"loadObject", object_load},
      {"closeObject", object_close},
      {"objectBtf", object_btf},
      {"describeObject", object_describe},
      {"configureProgram", program_configure},
      {"programFd", program_fd},
      {"programLog", program_log},
      {"configureMap", map_configure},
      {"initialiseMap", map_initialise},
      {"mapFd", map_fd},
      {"mapLookup", map_lookup},
      {"mapUpdate", map_update},
      {"mapDelete", map_delete},
      {"mapKeys", map_keys},
      {"createMap", map_create},
      {"createTaskStorage", map_create_task_storage},
      {"programInfo", program_info},
      {"runProgram", program_run},
      {"probeProgram", program_probe},
      {"enableStats", stats_enable},
      {"linkInfo", link_info},
      {"openRawTracepoint", raw_tracepoint_open},
      {"openPerfEvent", perf_event_open_fd},
      {"attachPerfEvent", perf_event_attach},
      {"attachUprobeMulti", uprobe_multi_attach},
      {"attachCgroup", cgroup_attach},
      {"attachIterator", iterator_attach},
      {"openIterator", iterator_open},
      {"closeFd", fd_close},
      {"possibleCpus", cpus},
      {"kernelType", vmlinux_type},
      {"libbpfVersion", libbpf_version_text},
      {"takeLog", take_log},
      {"openRing", ring_open},
      {"watchRing", ring_watch},
      {"claimRing", ring_claim},
      {"releaseRing", ring_release},
      {"waitingRing", ring_waiting},
      {"closeRing", ring_close},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function) != napi_ok) return NULL;
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  struct descriptors *all = calloc(1, sizeof *all);
  if (all && napi_set_instance_data(env, all, thread_ends, NULL) != napi_ok) free(all);
  libbpf_set_print(keep);
  return exports;
}

NAPI_MODULE(libbpfjs, initialise)
