/* Objects: an ELF file with programs and maps, opened, set up, loaded and closed by libbpf. */
#define _GNU_SOURCE
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct object {
  struct bpf_object *bpf;
};

static void collected(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct object *object = data;
  if (object->bpf) bpf_object__close(object->bpf);
  free(object);
}

/* The object of a call's first argument, or NULL with an exception. */
static struct object *take_object(napi_env env, napi_callback_info info, napi_value *arguments, size_t count) {
  void *object = NULL;
  get_arguments(env, info, arguments, count);
  if (napi_get_value_external(env, arguments[0], &object) != napi_ok) return (void *)throw_argument(env, "not the handle of an object");
  if (!((struct object *)object)->bpf) return (void *)throw_errno(env, "the object is closed", EBADF);
  return object;
}

static struct bpf_program *take_program(napi_env env, struct object *object, napi_value name) {
  char text[256];
  if (!to_text(env, name, text, sizeof text)) return (void *)throw_argument(env, "a program's name is needed");
  struct bpf_program *program = bpf_object__find_program_by_name(object->bpf, text);
  return program ? program : (void *)throw_errno(env, text, ENOENT);
}

static struct bpf_map *take_map(napi_env env, struct object *object, napi_value name) {
  char text[256];
  if (!to_text(env, name, text, sizeof text)) return (void *)throw_argument(env, "a map's name is needed");
  struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, text);
  return map ? map : (void *)throw_errno(env, text, ENOENT);
}

/* openObject(path, kernelBtf | undefined) */
napi_value object_open(napi_env env, napi_callback_info info) {
  napi_value arguments[2], handle;
  char path[4096], btf[4096];
  get_arguments(env, info, arguments, 2);
  if (!to_text(env, arguments[0], path, sizeof path)) return throw_argument(env, "a path of at most 4095 bytes is needed");
  to_text(env, arguments[1], btf, sizeof btf);
  LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = btf[0] ? btf : NULL);
  struct bpf_object *bpf = bpf_object__open_file(path, &options);
  if (!bpf) return throw_errno(env, "opening the object", errno);
  struct object *object = calloc(1, sizeof *object);
  if (!object || napi_create_external(env, object, collected, NULL, &handle) != napi_ok) {
    free(object);
    bpf_object__close(bpf);
    return throw_errno(env, "opening the object", ENOMEM);
  }
  object->bpf = bpf;
  return handle;
}

/* The verifier gives up with EAGAIN when a signal waits for its thread, and a profiler sends one each millisecond: they wait until it is
 * done, which takes some tens of milliseconds. */
static int load_undisturbed(struct bpf_object *object) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int error = bpf_object__load(object);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* loadObject(handle): creates maps, relocates and verifies. */
napi_value object_load(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct object *object = take_object(env, info, arguments, 1);
  if (!object) return NULL;
  int error = load_undisturbed(object->bpf);
  return error ? throw_errno(env, "loading the object", -error) : NULL;
}

/* closeObject(handle): descriptors of its programs and maps are closed with it. */
napi_value object_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  void *data = NULL;
  get_arguments(env, info, arguments, 1);
  if (napi_get_value_external(env, arguments[0], &data) != napi_ok) return throw_argument(env, "not the handle of an object");
  struct object *object = data;
  if (object->bpf) bpf_object__close(object->bpf);
  object->bpf = NULL;
  return NULL;
}

/* objectBtf(handle): its BTF with the offsets of variables filled in; undefined without BTF. */
napi_value object_btf(napi_env env, napi_callback_info info) {
  napi_value arguments[1], result = NULL;
  struct object *object = take_object(env, info, arguments, 1);
  if (!object) return NULL;
  struct btf *btf = bpf_object__btf(object->bpf);
  __u32 size = 0;
  const void *bytes = btf ? btf__raw_data(btf, &size) : NULL;
  if (bytes) napi_create_buffer_copy(env, size, bytes, NULL, &result);
  return result;
}

static napi_value describe_program(napi_env env, const struct bpf_program *program) {
  napi_value one;
  napi_create_object(env, &one);
  set(env, one, "name", from_text(env, bpf_program__name(program)));
  set(env, one, "section", from_text(env, bpf_program__section_name(program)));
  set(env, one, "type", from_int64(env, bpf_program__type(program)));
  set(env, one, "attachType", from_int64(env, bpf_program__expected_attach_type(program)));
  return one;
}

static napi_value describe_map(napi_env env, const struct bpf_map *map) {
  napi_value one;
  napi_create_object(env, &one);
  set(env, one, "name", from_text(env, bpf_map__name(map)));
  set(env, one, "type", from_int64(env, bpf_map__type(map)));
  set(env, one, "keySize", from_int64(env, bpf_map__key_size(map)));
  set(env, one, "valueSize", from_int64(env, bpf_map__value_size(map)));
  set(env, one, "maxEntries", from_int64(env, bpf_map__max_entries(map)));
  return one;
}

/* describeObject(handle): { programs: [{ name, section, type, attachType }], maps: [{ name, type, … }] } */
napi_value object_describe(napi_env env, napi_callback_info info) {
  napi_value arguments[1], result, programs, maps;
  struct object *object = take_object(env, info, arguments, 1);
  if (!object) return NULL;
  struct bpf_program *program;
  struct bpf_map *map;
  uint32_t i = 0;
  napi_create_object(env, &result);
  napi_create_array(env, &programs);
  napi_create_array(env, &maps);
  bpf_object__for_each_program(program, object->bpf) napi_set_element(env, programs, i++, describe_program(env, program));
  i = 0;
  bpf_object__for_each_map(map, object->bpf) napi_set_element(env, maps, i++, describe_map(env, map));
  set(env, result, "programs", programs);
  set(env, result, "maps", maps);
  return result;
}

/* configureProgram(handle, name, what: 'autoload' | 'attachType' | 'logLevel', value) */
napi_value program_configure(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  char what[32];
  struct object *object = take_object(env, info, arguments, 4);
  if (!object) return NULL;
  struct bpf_program *program = take_program(env, object, arguments[1]);
  if (!program) return NULL;
  to_text(env, arguments[2], what, sizeof what);
  int value = to_int(env, arguments[3], 0), error;
  if (strcmp(what, "autoload") == 0) {
    error = bpf_program__set_autoload(program, value != 0);
  } else if (strcmp(what, "attachType") == 0) {
    error = bpf_program__set_expected_attach_type(program, (enum bpf_attach_type)value);
  } else if (strcmp(what, "logLevel") == 0) {
    error = bpf_program__set_log_level(program, (__u32)value);
  } else {
    return throw_argument(env, "configureProgram: nothing of that name can be set");
  }
  return error ? throw_errno(env, what, -error) : NULL;
}

/* programLog(handle, name, buffer: Uint8Array): the verifier writes there on load; the caller keeps the buffer alive. */
napi_value program_log(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  void *bytes;
  size_t length;
  struct object *object = take_object(env, info, arguments, 3);
  if (!object) return NULL;
  struct bpf_program *program = take_program(env, object, arguments[1]);
  if (!program) return NULL;
  if (!to_bytes(env, arguments[2], &bytes, &length)) return throw_argument(env, "a buffer for the log is needed");
  int error = bpf_program__set_log_buf(program, bytes, length);
  return error ? throw_errno(env, "setting the log's buffer", -error) : NULL;
}

/* programFd(handle, name): the descriptor belongs to the object; -1 when the program was not loaded. */
napi_value program_fd(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct object *object = take_object(env, info, arguments, 2);
  if (!object) return NULL;
  struct bpf_program *program = take_program(env, object, arguments[1]);
  if (!program) return NULL;
  int fd = bpf_program__fd(program);
  return from_int64(env, fd < 0 ? -1 : fd);
}

/* configureMap(handle, name, what: 'maxEntries' | 'reuse' | 'autocreate', value) */
napi_value map_configure(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  char what[32];
  int64_t value = 0;
  struct object *object = take_object(env, info, arguments, 4);
  if (!object) return NULL;
  struct bpf_map *map = take_map(env, object, arguments[1]);
  if (!map) return NULL;
  to_text(env, arguments[2], what, sizeof what);
  if (!to_int64(env, arguments[3], &value)) return throw_argument(env, "a number is needed");
  int error;
  if (strcmp(what, "maxEntries") == 0) {
    if (value < 0 || value > UINT32_MAX) return throw_errno(env, what, ERANGE);
    error = bpf_map__set_max_entries(map, (__u32)value);
  } else if (strcmp(what, "reuse") == 0) {
    error = bpf_map__reuse_fd(map, (int)value);
  } else if (strcmp(what, "autocreate") == 0) {
    error = bpf_map__set_autocreate(map, value != 0);
  } else {
    return throw_argument(env, "configureMap: nothing of that name can be set");
  }
  return error ? throw_errno(env, what, -error) : NULL;
}

/* initialiseMap(handle, name, offset, bytes): what a .rodata or .data map holds when it is created. */
napi_value map_initialise(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  void *bytes;
  size_t length, size = 0;
  int64_t offset;
  struct object *object = take_object(env, info, arguments, 4);
  if (!object) return NULL;
  struct bpf_map *map = take_map(env, object, arguments[1]);
  if (!map) return NULL;
  if (!to_int64(env, arguments[2], &offset) || !to_bytes(env, arguments[3], &bytes, &length)) {
    return throw_argument(env, "an offset and bytes are needed");
  }
  if (bpf_map__fd(map) >= 0) return throw_errno(env, "constants are fixed once the object is loaded", EBUSY);
  char *value = (char *)(uintptr_t)bpf_map__initial_value(map, &size);
  if (!value) return throw_errno(env, "the map has no initial value", EINVAL);
  if (offset < 0 || (size_t)offset > size || length > size - (size_t)offset) return throw_errno(env, "beyond the section's end", ERANGE);
  memcpy(value + offset, bytes, length);
  return NULL;
}

/* mapFd(handle, name): the descriptor belongs to the object; -1 before it is loaded. */
napi_value map_fd(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct object *object = take_object(env, info, arguments, 2);
  if (!object) return NULL;
  struct bpf_map *map = take_map(env, object, arguments[1]);
  if (!map) return NULL;
  int fd = bpf_map__fd(map);
  return from_int64(env, fd < 0 ? -1 : fd);
}

/* libbpfVersion() */
napi_value libbpf_version_text(napi_env env, napi_callback_info info) {
  (void)info;
  return from_text(env, libbpf_version_string());
}
