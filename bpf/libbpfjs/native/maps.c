/* Maps by descriptor: look up, update, delete, list keys, create. Sizes are checked in TypeScript and told with each call. */
#define _GNU_SOURCE
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

struct place {
  int fd;
  void *key, *value;
  size_t key_size, value_size;
};

/* Arguments (fd, keySize, valueSize, key, value): fewer bytes than the kernel will read or write are refused. */
static bool take_place(napi_env env, napi_value *arguments, bool with_value, struct place *place) {
  int64_t key_size, value_size = 0;
  place->fd = to_int(env, arguments[0], -1);
  if (!to_int64(env, arguments[1], &key_size) || (with_value && !to_int64(env, arguments[2], &value_size)) ||
      !to_bytes(env, arguments[3], &place->key, &place->key_size) || (int64_t)place->key_size < key_size ||
      (with_value && (!to_bytes(env, arguments[4], &place->value, &place->value_size) || (int64_t)place->value_size < value_size))) {
    throw_argument(env, "key or value are shorter than the map's");
    return false;
  }
  return true;
}

/* mapLookup(fd, keySize, valueSize, key, into): false when there is none */
napi_value map_lookup(napi_env env, napi_callback_info info) {
  napi_value arguments[5], result;
  struct place place;
  get_arguments(env, info, arguments, 5);
  if (!take_place(env, arguments, true, &place)) return NULL;
  int error = bpf_map_lookup_elem(place.fd, place.key, place.value);
  if (error && errno != ENOENT) return throw_errno(env, "looking up", errno);
  napi_get_boolean(env, error == 0, &result);
  return result;
}

/* mapUpdate(fd, keySize, valueSize, key, value, flags): false when the mode (ABSENT, PRESENT) forbade it */
napi_value map_update(napi_env env, napi_callback_info info) {
  napi_value arguments[6], result;
  struct place place;
  get_arguments(env, info, arguments, 6);
  if (!take_place(env, arguments, true, &place)) return NULL;
  int flags = to_int(env, arguments[5], 0);
  int error = bpf_map_update_elem(place.fd, place.key, place.value, (__u64)flags);
  bool forbidden = error && ((flags == BPF_NOEXIST && errno == EEXIST) || (flags == BPF_EXIST && errno == ENOENT));
  if (error && !forbidden) return throw_errno(env, "updating", errno);
  napi_get_boolean(env, error == 0, &result);
  return result;
}

/* mapDelete(fd, keySize, 0, key): false when there was none */
napi_value map_delete(napi_env env, napi_callback_info info) {
  napi_value arguments[5], result;
  struct place place;
  get_arguments(env, info, arguments, 5);
  if (!take_place(env, arguments, false, &place)) return NULL;
  int error = bpf_map_delete_elem(place.fd, place.key);
  if (error && errno != ENOENT) return throw_errno(env, "deleting", errno);
  napi_get_boolean(env, error == 0, &result);
  return result;
}

/* mapKeys(fd, keySize, into): fills `into` with keys one after another; gives their number */
napi_value map_keys(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  int64_t key_size;
  void *into;
  size_t length, count = 0;
  get_arguments(env, info, arguments, 3);
  int fd = to_int(env, arguments[0], -1);
  if (!to_int64(env, arguments[1], &key_size) || key_size <= 0 || !to_bytes(env, arguments[2], &into, &length)) {
    return throw_argument(env, "a size of keys and room for them are needed");
  }
  const void *before = NULL;
  for (char *key = into; (count + 1) * (size_t)key_size <= length; key += key_size, count++) {
    if (bpf_map_get_next_key(fd, before, key) != 0) {
      if (errno == ENOENT) break;
      return throw_errno(env, "listing keys", errno);
    }
    before = key;
  }
  return from_int64(env, (int64_t)count);
}

/* createMap(type, name, keySize, valueSize, maxEntries, flags) */
napi_value map_create(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  char name[16];
  int64_t numbers[4];
  get_arguments(env, info, arguments, 6);
  if (!to_text(env, arguments[1], name, sizeof name)) return throw_argument(env, "a map's name has at most 15 bytes");
  for (int i = 0; i < 4; i++) {
    if (!to_int64(env, arguments[2 + i], &numbers[i]) || numbers[i] < 0 || numbers[i] > UINT32_MAX) {
      return throw_argument(env, "sizes of a map are numbers from 0 to 2^32 - 1");
    }
  }
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = (__u32)numbers[3]);
  int fd = bpf_map_create((enum bpf_map_type)to_int(env, arguments[0], 0), name, (__u32)numbers[0], (__u32)numbers[1],
                          (__u32)numbers[2], &options);
  return fd < 0 ? throw_errno(env, "creating the map", -fd) : own_fd(env, fd);
}

/* createTaskStorage(): a map of that type with a number as its value; such maps must tell the types of key and value. */
napi_value map_create_task_storage(napi_env env, napi_callback_info info) {
  (void)info;
  struct btf *btf = btf__new_empty();
  if (!btf) return throw_errno(env, "making BTF", errno);
  int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
  int fd = number < 0 ? number : btf__load_into_kernel(btf);
  if (fd == 0) {
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC, .btf_fd = (__u32)btf__fd(btf),
                .btf_key_type_id = (__u32)number, .btf_value_type_id = (__u32)number);
    fd = bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, "probe", 4, 4, 0, &options);
  }
  btf__free(btf);
  return fd < 0 ? throw_errno(env, "creating the map", -fd) : own_fd(env, fd);
}

/* possibleCpus(): how many values a per-CPU map has for each key */
napi_value cpus(napi_env env, napi_callback_info info) {
  (void)info;
  int count = libbpf_num_possible_cpus();
  return count < 0 ? throw_errno(env, "counting CPUs", -count) : from_int64(env, count);
}
