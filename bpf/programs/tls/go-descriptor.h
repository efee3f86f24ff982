/* The file descriptor below a connection of Go's, through what is wrapped around it. */
#ifndef DEEPFLOW_GO_DESCRIPTOR_H
#define DEEPFLOW_GO_DESCRIPTOR_H

#include "../sockets/socket.h"

/* Places of fields; from bpf/uprobes/go-offsets.ts. */
const volatile __u32 interface_pointer = 0;
const volatile __u32 net_fd_sysfd = 0;
const volatile __u32 net_fd_family = 0;

static __always_inline bool follow(__u64 *to, __u64 address) { return !bpf_probe_read_user(to, sizeof(*to), (void *)address) && *to; }

/* What a netFD says of its socket, in fields that follow each other. */
struct net_fd_kind { __u64 family, type; };

/* The descriptor behind the net.Conn (an interface) at that address: its value is a pointer to a struct that begins with its *netFD, as all
 * connections of package net are; or, up to two wrappings deep, a struct that begins with such an interface. What is no netFD tells itself
 * by its family and type. */
static __always_inline __s64 find_descriptor(__u64 interface) {
  __u64 below = 0, net_fd = 0, descriptor = 0;
  if (!follow(&below, interface + interface_pointer)) return -1;
  for (int depth = 0; depth < 3; depth++) {
    if (!follow(&net_fd, below)) return -1;
    struct net_fd_kind kind = {};
    bpf_probe_read_user(&kind, sizeof(kind), (void *)(net_fd + net_fd_family));
    if ((kind.family == AF_INET || kind.family == AF_INET6) && kind.type == SOCK_STREAM) {
      if (bpf_probe_read_user(&descriptor, sizeof(descriptor), (void *)(net_fd + net_fd_sysfd))) return -1;
      return descriptor;
    }
    if (!follow(&below, below + interface_pointer)) return -1;
  }
  return -1;
}

#endif
