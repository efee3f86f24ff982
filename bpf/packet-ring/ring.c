/*
 * A packet socket with a TPACKET_V3 ring (packet(7), Documentation/networking/packet_mmap.rst): the kernel writes blocks of
 * packets, JavaScript reads them through an ArrayBuffer over the same pages and hands each block back with one store.
 *
 * Life: openRing makes the socket without a protocol, so it hears nothing; sets ring and filter; binds it, and only then do
 * packets come. closeRing, the collection of the handle, and the end of the thread all lead to release().
 */
#define _GNU_SOURCE
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

/* Room before each frame: for the VLAN tag that the kernel keeps apart and the reader puts back. */
enum { vlan_tag_bytes = 4, frame_size = 2048 };

struct ring {
  napi_env env;
  int fd;
  size_t size;
  uv_poll_t poll;
  bool polling;
  napi_ref callback;
  napi_ref buffer;
  napi_async_cleanup_hook_handle at_exit;
  /* The handle was collected or the thread ends: nobody will ask for this struct again. */
  bool orphaned;
  bool released;
};

static void unmap(napi_env env, void *pages, void *size) {
  (void)env;
  munmap(pages, (size_t)(uintptr_t)size);
}

static void forget(struct ring *ring) {
  if (ring->at_exit) napi_remove_async_cleanup_hook(ring->at_exit);
  ring->at_exit = NULL;
  if (ring->orphaned) free(ring);
}

static void poll_closed(uv_handle_t *handle) {
  struct ring *ring = handle->data;
  ring->polling = false;
  forget(ring);
}

/* The pages go with their ArrayBuffer: detached here, so that JavaScript finds an empty one instead of a hole. */
static void release(struct ring *ring) {
  if (ring->released) return;
  ring->released = true;
  napi_handle_scope scope;
  if (napi_open_handle_scope(ring->env, &scope) == napi_ok) {
    napi_value buffer;
    if (napi_get_reference_value(ring->env, ring->buffer, &buffer) == napi_ok && buffer) {
      napi_detach_arraybuffer(ring->env, buffer);
    }
    napi_close_handle_scope(ring->env, scope);
  }
  if (ring->buffer) napi_delete_reference(ring->env, ring->buffer);
  if (ring->callback) napi_delete_reference(ring->env, ring->callback);
  ring->buffer = ring->callback = NULL;
  if (ring->polling) uv_close((uv_handle_t *)&ring->poll, poll_closed);
  close(ring->fd);
  if (!ring->polling) forget(ring);
}

static void handle_collected(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct ring *ring = data;
  if (ring->released && !ring->polling) {
    free(ring);
    return;
  }
  ring->orphaned = true;
  release(ring);
}

static void thread_ends(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  release(data);
}

static void readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct ring *ring = poll->data;
  if (status < 0) {
    /* The interface went down or away. Reading the error clears it; after "up" packets come again. */
    int error;
    socklen_t size = sizeof error;
    if (getsockopt(ring->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0) uv_poll_start(poll, UV_READABLE, readable);
  }
  napi_env env = ring->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, receiver, result;
  napi_get_global(env, &receiver);
  if (napi_get_reference_value(env, ring->callback, &callback) == napi_ok &&
      napi_make_callback(env, NULL, receiver, callback, 0, NULL, &result) == napi_pending_exception) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

struct plan {
  char interface[IFNAMSIZ];
  uint32_t block_size, blocks, retire_ms, fanout_group;
  bool promiscuous, ignore_outgoing, fanout;
  struct sock_fprog filter;
};

static int set(int fd, int option, const void *value, socklen_t size, const char *what, const char **failed) {
  *failed = what;
  return setsockopt(fd, SOL_PACKET, option, value, size);
}

/* -1 with errno and *failed on failure. */
static int configure(int fd, const struct plan *plan, struct ifreq *request, const char **failed) {
  memset(request, 0, sizeof *request);
  memcpy(request->ifr_name, plan->interface, IFNAMSIZ);
  *failed = "finding the interface";
  if (ioctl(fd, SIOCGIFINDEX, request) != 0) return -1;
  int index = request->ifr_ifindex;
  *failed = "asking for the link type";
  if (ioctl(fd, SIOCGIFHWADDR, request) != 0) return -1;
  int link = request->ifr_hwaddr.sa_family;

  int version = TPACKET_V3, reserve = vlan_tag_bytes, one = 1;
  struct tpacket_req3 shape = {
      .tp_block_size = plan->block_size,
      .tp_block_nr = plan->blocks,
      .tp_frame_size = frame_size,
      .tp_frame_nr = (unsigned)((uint64_t)plan->block_size * plan->blocks / frame_size),
      .tp_retire_blk_tov = plan->retire_ms,
      .tp_feature_req_word = 0,
  };
  if (set(fd, PACKET_VERSION, &version, sizeof version, "PACKET_VERSION 3", failed) != 0) return -1;
  if (set(fd, PACKET_RESERVE, &reserve, sizeof reserve, "PACKET_RESERVE", failed) != 0) return -1;
  if (set(fd, PACKET_RX_RING, &shape, sizeof shape, "PACKET_RX_RING", failed) != 0) return -1;
  if (plan->ignore_outgoing && set(fd, PACKET_IGNORE_OUTGOING, &one, sizeof one, "PACKET_IGNORE_OUTGOING", failed) != 0) return -1;
  *failed = "SO_ATTACH_FILTER";
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &plan->filter, sizeof plan->filter) != 0) return -1;
  if (plan->promiscuous) {
    struct packet_mreq membership = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
    if (set(fd, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership, "promiscuous mode", failed) != 0) return -1;
  }
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
  *failed = "bind";
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) return -1;
  if (plan->fanout) {
    /* In a group the group's own hook receives, so it needs the wish about outgoing packets as well. */
    uint32_t flags = plan->ignore_outgoing ? PACKET_FANOUT_FLAG_IGNORE_OUTGOING : 0;
    uint32_t fanout = (plan->fanout_group & 0xffff) | (PACKET_FANOUT_HASH | flags) << 16;
    if (set(fd, PACKET_FANOUT, &fanout, sizeof fanout, "PACKET_FANOUT", failed) != 0) return -1;
  }
  request->ifr_ifindex = index;
  return link;
}

/* openRing(options, filter: Uint8Array, onReadable: () => void): { handle, pages, index, link } */
napi_value ring_open(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  struct plan plan = {0};
  char namespace[4096];
  void *instructions;
  size_t filter_bytes;
  if (count < 3 || !get_text(env, arguments[0], "interface", plan.interface, sizeof plan.interface) ||
      napi_get_typedarray_info(env, arguments[1], NULL, &filter_bytes, &instructions, NULL, NULL) != napi_ok) {
    return throw_coded(env, "EINVAL", "openRing: an interface of at most 15 bytes, a filter and a callback are needed");
  }
  get_text(env, arguments[0], "namespace", namespace, sizeof namespace);
  plan.block_size = get_uint32(env, arguments[0], "blockSize", 0);
  plan.blocks = get_uint32(env, arguments[0], "blocks", 0);
  plan.retire_ms = get_uint32(env, arguments[0], "retireMs", 0);
  plan.fanout_group = get_uint32(env, arguments[0], "fanoutGroup", UINT32_MAX);
  plan.fanout = plan.fanout_group != UINT32_MAX;
  plan.promiscuous = get_bool(env, arguments[0], "promiscuous");
  plan.ignore_outgoing = get_bool(env, arguments[0], "ignoreOutgoing");
  plan.filter.len = (unsigned short)(filter_bytes / sizeof(struct sock_filter));
  plan.filter.filter = instructions;

  const char *failed = "socket(AF_PACKET)";
  int before = namespace_enter(namespace, &failed);
  if (before < 0) return throw_errno(env, failed, errno);
  struct ifreq request;
  int link = -1;
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd >= 0) link = configure(fd, &plan, &request, &failed);
  int error = errno;
  namespace_leave(before);
  if (link < 0) {
    if (fd >= 0) close(fd);
    return throw_errno(env, failed, error);
  }

  size_t size = (size_t)plan.block_size * plan.blocks;
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  struct ring *ring = pages == MAP_FAILED ? NULL : calloc(1, sizeof *ring);
  if (!ring) {
    error = errno;
    close(fd);
    return throw_errno(env, "mapping the ring", error);
  }
  *ring = (struct ring){.env = env, .fd = fd, .size = size};
  ring->poll.data = ring;

  uv_loop_t *loop;
  napi_value result, handle, buffer;
  if (napi_create_external_arraybuffer(env, pages, size, unmap, (void *)(uintptr_t)size, &buffer) != napi_ok) {
    munmap(pages, size);
    close(fd);
    free(ring);
    return throw_coded(env, "ENOTSUP", "this build of Node.js allows no ArrayBuffer over foreign memory");
  }
  napi_create_reference(env, buffer, 1, &ring->buffer);
  napi_create_reference(env, arguments[2], 1, &ring->callback);
  napi_add_async_cleanup_hook(env, thread_ends, ring, &ring->at_exit);
  napi_get_uv_event_loop(env, &loop);
  ring->polling = uv_poll_init(loop, &ring->poll, fd) == 0;
  if (ring->polling) uv_poll_start(&ring->poll, UV_READABLE, readable);
  napi_create_external(env, ring, handle_collected, NULL, &handle);
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "handle", handle);
  napi_set_named_property(env, result, "pages", buffer);
  set_uint32(env, result, "index", (uint32_t)request.ifr_ifindex);
  set_uint32(env, result, "link", (uint32_t)link);
  return result;
}

static struct ring *ring_argument(napi_env env, napi_callback_info info, napi_value *arguments, size_t count) {
  void *ring = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  if (napi_get_value_external(env, arguments[0], &ring) != napi_ok) throw_coded(env, "EINVAL", "not the handle of a ring");
  return ring;
}

/* closeRing(handle): the pages are gone from then on. */
napi_value ring_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct ring *ring = ring_argument(env, info, arguments, 1);
  if (ring) release(ring);
  return NULL;
}

/* readStatistics(handle, numbers: Uint32Array): packets, drops, freezes since the last call (the kernel sets them to 0). */
napi_value ring_statistics(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct ring *ring = ring_argument(env, info, arguments, 2);
  if (!ring || ring->released) return NULL;
  void *numbers;
  size_t length;
  struct tpacket_stats_v3 statistics;
  socklen_t size = sizeof statistics;
  if (napi_get_typedarray_info(env, arguments[1], NULL, &length, &numbers, NULL, NULL) != napi_ok || length < 3) {
    return throw_coded(env, "EINVAL", "readStatistics: three numbers are needed");
  }
  if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) {
    return throw_errno(env, "PACKET_STATISTICS", errno);
  }
  uint32_t *out = numbers;
  out[0] = statistics.tp_packets;
  out[1] = statistics.tp_drops;
  out[2] = statistics.tp_freeze_q_cnt;
  return NULL;
}
