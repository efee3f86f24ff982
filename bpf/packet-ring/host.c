/* What the host tells: interfaces of a network namespace, and the connections of this very process. */
#define _GNU_SOURCE
#include "addon.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* listInterfaces({ namespace? }): [index, name, index, name, …] */
napi_value interfaces_list(napi_env env, napi_callback_info info) {
  napi_value options, list;
  size_t count = 1;
  char namespace[4096];
  const char *failed = "if_nameindex";
  napi_get_cb_info(env, info, &count, &options, NULL, NULL);
  get_text(env, options, "namespace", namespace, sizeof namespace);
  int before = namespace_enter(namespace, &failed);
  if (before < 0) return throw_errno(env, failed, errno);
  struct if_nameindex *all = if_nameindex();
  int error = errno;
  namespace_leave(before);
  if (!all) return throw_errno(env, failed, error);
  napi_create_array(env, &list);
  uint32_t at = 0;
  for (const struct if_nameindex *one = all; one->if_index != 0; one++) {
    napi_value index, name;
    napi_create_uint32(env, one->if_index, &index);
    napi_create_string_utf8(env, one->if_name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, list, at++, index);
    napi_set_element(env, list, at++, name);
  }
  if_freenameindex(all);
  return list;
}

static uint16_t port_of(const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)address)->sin_port);
  if (address->ss_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
  return 0;
}

/* 0 is the port of no socket, so it can say: nobody yet. */
static bool is_listening(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

/* readConnections(pairs: Uint32Array): writes local port << 16 | remote port of each connected or listening socket, the
 * remote port of the latter being 0; gives their number. */
napi_value connections_read(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  size_t count = 1, capacity;
  void *data;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  if (napi_get_typedarray_info(env, argument, NULL, &capacity, &data, NULL, NULL) != napi_ok) {
    return throw_coded(env, "EINVAL", "readConnections: an Uint32Array is needed");
  }
  uint32_t *pairs = data, found = 0;
  DIR *directory = opendir("/proc/self/fd");
  if (!directory) return throw_errno(env, "/proc/self/fd", errno);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL && found < capacity;) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    int fd = atoi(entry->d_name);
    struct sockaddr_storage local, remote;
    socklen_t local_size = sizeof local, remote_size = sizeof remote;
    if (getsockname(fd, (struct sockaddr *)&local, &local_size) != 0 || port_of(&local) == 0) continue;
    if (getpeername(fd, (struct sockaddr *)&remote, &remote_size) != 0) {
      if (!is_listening(fd)) continue;
      remote.ss_family = AF_UNSPEC;
    }
    pairs[found++] = (uint32_t)port_of(&local) << 16 | port_of(&remote);
  }
  closedir(directory);
  napi_create_uint32(env, found, &result);
  return result;
}
