/* The addon's functions as JavaScript sees them (addon.ts types them), and the helpers of addon.h. */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* strerrorname_np is younger than the oldest glibc this runs on; these are the errors that somebody looks at. */
static const char *name_of(int error) {
  switch (error) {
    case EPERM: return "EPERM";
    case EACCES: return "EACCES";
    case ENODEV: return "ENODEV";
    case ENOENT: return "ENOENT";
    case ENOMEM: return "ENOMEM";
    case EINVAL: return "EINVAL";
    default: return "ERRNO";
  }
}

napi_value throw_errno(napi_env env, const char *what, int error) {
  char message[512];
  snprintf(message, sizeof message, "%s: %s", what, strerror(error));
  napi_throw_error(env, name_of(error), message);
  return NULL;
}

napi_value throw_coded(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return NULL;
}

static bool get_property(napi_env env, napi_value object, const char *name, napi_valuetype type, napi_value *value) {
  napi_valuetype found;
  return napi_get_named_property(env, object, name, value) == napi_ok && napi_typeof(env, *value, &found) == napi_ok &&
         found == type;
}

uint32_t get_uint32(napi_env env, napi_value object, const char *name, uint32_t otherwise) {
  napi_value value;
  uint32_t number;
  if (!get_property(env, object, name, napi_number, &value)) return otherwise;
  return napi_get_value_uint32(env, value, &number) == napi_ok ? number : otherwise;
}

bool get_bool(napi_env env, napi_value object, const char *name) {
  napi_value value;
  bool given;
  return get_property(env, object, name, napi_boolean, &value) && napi_get_value_bool(env, value, &given) == napi_ok && given;
}

bool get_text(napi_env env, napi_value object, const char *name, char *text, size_t size) {
  napi_value value;
  size_t length;
  text[0] = 0;
  if (!get_property(env, object, name, napi_string, &value)) return false;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= size) return false;
  return napi_get_value_string_utf8(env, value, text, size, &length) == napi_ok;
}

void set_uint32(napi_env env, napi_value object, const char *name, uint32_t value) {
  napi_value number;
  if (napi_create_uint32(env, value, &number) == napi_ok) napi_set_named_property(env, object, name, number);
}

int namespace_enter(const char *path, const char **failed) {
  if (path[0] == 0) return 0;
  *failed = "opening /proc/thread-self/ns/net";
  int before = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (before < 0) return -1;
  *failed = "opening the network namespace";
  int target = open(path, O_RDONLY | O_CLOEXEC);
  int result = target < 0 ? -1 : 0;
  if (result == 0) {
    *failed = "entering the network namespace";
    result = setns(target, CLONE_NEWNET);
  }
  int error = errno;
  if (target >= 0) close(target);
  if (result == 0) return before;
  close(before);
  errno = error;
  return -1;
}

void namespace_leave(int before) {
  if (before <= 0) return;
  if (setns(before, CLONE_NEWNET) != 0) {
    perror("packet-ring: the way back to the own network namespace is closed");
    abort();
  }
  close(before);
}

static napi_value initialise(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"openRing", NULL, ring_open, NULL, NULL, NULL, napi_enumerable, NULL},
      {"closeRing", NULL, ring_close, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readStatistics", NULL, ring_statistics, NULL, NULL, NULL, napi_enumerable, NULL},
      {"compileFilter", NULL, filter_compile, NULL, NULL, NULL, napi_enumerable, NULL},
      {"listInterfaces", NULL, interfaces_list, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readConnections", NULL, connections_read, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}

NAPI_MODULE(packet_ring, initialise)
