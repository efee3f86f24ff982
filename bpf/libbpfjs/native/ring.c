/*
 * The consumer's side of a BPF ring buffer (Linux's Documentation/bpf/ringbuf.rst). The kernel shows
 *
 *   page 0: consumer position (ours to write)  |  page 1: producer position  |  data  |  the same data again
 *
 * so that a record which wraps around is still one piece; of the second copy only what the longest record needs is mapped.
 * Each record begins with 8 bytes: length with two flag bits, and a page offset; records are rounded up to 8 bytes. JavaScript
 * reads records where they are, through an ArrayBuffer over both copies of the data, or through a copy of claimed records
 * where Node.js allows no foreign memory.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uv.h>

struct ring {
  napi_env env;
  int fd, epoll;
  size_t size, page;
  size_t mapped;            /* bytes from page 1 on */
  uint64_t *consumer;       /* page 0 */
  const uint64_t *producer; /* page 1; data follow */
  const char *data;
  uint64_t claimed;         /* position behind the last record that was handed out */
  uint32_t *offsets, *lengths;
  size_t slots;
  char *copy;               /* instead of the pages themselves; NULL with zero copy */
  uv_poll_t poll;
  bool polling, orphaned, released;
  napi_ref callback, buffer, offsets_ref, lengths_ref;
  napi_async_cleanup_hook_handle at_exit;
};

/* Pages that JavaScript reads, and how many bytes of them to unmap. */
static void unmap(napi_env env, void *data, void *hint) {
  (void)env;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  munmap((char *)data - page, (size_t)(uintptr_t)hint);
}

static void forget(struct ring *ring) {
  if (ring->at_exit) napi_remove_async_cleanup_hook(ring->at_exit);
  ring->at_exit = NULL;
  if (ring->orphaned) free(ring);
}

static void poll_closed(uv_handle_t *handle) {
  struct ring *ring = handle->data;
  ring->polling = false;
  close(ring->epoll);
  forget(ring);
}

static void drop(napi_env env, napi_ref *reference) {
  if (*reference) napi_delete_reference(env, *reference);
  *reference = NULL;
}

/* Data go with their ArrayBuffer, which is detached here: JavaScript finds an empty one instead of a hole. */
static void release(struct ring *ring) {
  if (ring->released) return;
  ring->released = true;
  napi_handle_scope scope;
  if (napi_open_handle_scope(ring->env, &scope) == napi_ok) {
    napi_value buffer;
    if (ring->buffer && napi_get_reference_value(ring->env, ring->buffer, &buffer) == napi_ok && buffer) {
      napi_detach_arraybuffer(ring->env, buffer);
    }
    napi_close_handle_scope(ring->env, scope);
  }
  drop(ring->env, &ring->buffer);
  drop(ring->env, &ring->callback);
  drop(ring->env, &ring->offsets_ref);
  drop(ring->env, &ring->lengths_ref);
  munmap(ring->consumer, ring->page);
  if (ring->copy) munmap((void *)(uintptr_t)ring->producer, ring->mapped);
  close(ring->fd);
  if (ring->polling) uv_close((uv_handle_t *)&ring->poll, poll_closed);
  else {
    if (ring->epoll >= 0) close(ring->epoll);
    forget(ring);
  }
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

/* The kernel's programs woke us. Taking the event from our edge-triggered epoll means: quiet until they wake us again, even when
 * JavaScript leaves records where they are. */
static void readable(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  struct ring *ring = poll->data;
  napi_env env = ring->env;
  struct epoll_event event;
  if (epoll_wait(ring->epoll, &event, 1, 0) <= 0) return;
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

static int map_pages(struct ring *ring) {
  void *consumer = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
  if (consumer == MAP_FAILED) return errno;
  void *rest = mmap(NULL, ring->mapped, PROT_READ, MAP_SHARED, ring->fd, (off_t)ring->page);
  if (rest == MAP_FAILED) {
    int error = errno;
    munmap(consumer, ring->page);
    return error;
  }
  ring->consumer = consumer;
  ring->producer = rest;
  ring->data = (const char *)rest + ring->page;
  return 0;
}

/* The ArrayBuffer of the data: the pages themselves, or, when that is refused or not wanted, memory to copy into. */
static napi_value show_data(napi_env env, struct ring *ring, bool copy) {
  napi_value buffer;
  void *bytes = (void *)(uintptr_t)ring->data;
  if (!copy && napi_create_external_arraybuffer(env, bytes, ring->mapped - ring->page, unmap, (void *)(uintptr_t)ring->mapped, &buffer) == napi_ok) return buffer;
  void *memory;
  if (napi_create_arraybuffer(env, ring->size, &memory, &buffer) != napi_ok) return NULL;
  ring->copy = memory;
  return buffer;
}

/* Watches the ring with an epoll of our own: edge-triggered, which libuv's is not. */
static int watch(napi_env env, struct ring *ring) {
  uv_loop_t *loop;
  ring->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (ring->epoll < 0) return errno;
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  if (epoll_ctl(ring->epoll, EPOLL_CTL_ADD, ring->fd, &event) != 0) return errno;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return EINVAL;
  int error = uv_poll_init(loop, &ring->poll, ring->epoll);
  if (error) return -error;
  ring->polling = true;
  ring->poll.data = ring;
  error = uv_poll_start(&ring->poll, UV_READABLE, readable);
  return error ? -error : 0;
}

/* openRing(fd, sizeBytes, offsets: Uint32Array, lengths: Uint32Array, copy, maxRecordBytes): { handle, data: ArrayBuffer, zeroCopy } */
napi_value ring_open(napi_env env, napi_callback_info info) {
  napi_value arguments[6], result, handle, data, zero_copy;
  void *offsets, *lengths;
  size_t offsets_size, lengths_size;
  int64_t size, longest;
  get_arguments(env, info, arguments, 6);
  if (!to_int64(env, arguments[1], &size) || size <= 0 || (size & (size - 1)) != 0 || size > 1LL << 30 ||
      !to_bytes(env, arguments[2], &offsets, &offsets_size) || !to_bytes(env, arguments[3], &lengths, &lengths_size)) {
    return throw_argument(env, "openRing: a size that is a power of two up to 1 GiB and two arrays are needed");
  }
  struct ring *ring = calloc(1, sizeof *ring);
  if (!ring) return throw_errno(env, "opening the ring", ENOMEM);
  *ring = (struct ring){.env = env, .epoll = -1, .size = (size_t)size, .page = (size_t)sysconf(_SC_PAGESIZE), .offsets = offsets, .lengths = lengths};
  if (!to_int64(env, arguments[5], &longest) || longest < 0 || longest > size) longest = size;
  /* With its header, and in whole pages. */
  size_t again = ((size_t)longest + BPF_RINGBUF_HDR_SZ + ring->page - 1) / ring->page * ring->page;
  ring->mapped = ring->page + ring->size + (again < ring->size ? again : ring->size);
  ring->slots = (offsets_size < lengths_size ? offsets_size : lengths_size) / sizeof(uint32_t);
  /* A descriptor of its own: the ring outlives its map's object. */
  ring->fd = fcntl(to_int(env, arguments[0], -1), F_DUPFD_CLOEXEC, 0);
  int error = ring->fd < 0 ? errno : map_pages(ring);
  if (error) {
    if (ring->fd >= 0) close(ring->fd);
    free(ring);
    return throw_errno(env, "mapping the ring", error);
  }
  data = show_data(env, ring, to_int(env, arguments[4], 0) != 0);
  if (!data) {
    munmap(ring->consumer, ring->page);
    munmap((void *)(uintptr_t)ring->producer, ring->mapped);
    close(ring->fd);
    free(ring);
    return throw_errno(env, "showing the ring", ENOMEM);
  }
  ring->claimed = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
  napi_create_reference(env, data, 1, &ring->buffer);
  napi_create_reference(env, arguments[2], 1, &ring->offsets_ref);
  napi_create_reference(env, arguments[3], 1, &ring->lengths_ref);
  napi_add_async_cleanup_hook(env, thread_ends, ring, &ring->at_exit);
  napi_create_external(env, ring, handle_collected, NULL, &handle);
  napi_create_object(env, &result);
  napi_get_boolean(env, ring->copy == NULL, &zero_copy);
  set(env, result, "handle", handle);
  set(env, result, "data", data);
  set(env, result, "zeroCopy", zero_copy);
  return result;
}

static struct ring *take_ring(napi_env env, napi_callback_info info, napi_value *arguments, size_t count) {
  void *ring = NULL;
  get_arguments(env, info, arguments, count);
  if (napi_get_value_external(env, arguments[0], &ring) != napi_ok) throw_argument(env, "not the handle of a ring");
  return ring;
}

/* watchRing(handle, onReadable): called whenever the kernel's programs wake the consumer, and once when records wait already. */
napi_value ring_watch(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct ring *ring = take_ring(env, info, arguments, 2);
  if (!ring) return NULL;
  if (ring->released || ring->epoll >= 0) return throw_errno(env, "watching the ring", ring->released ? EBADF : EBUSY);
  napi_create_reference(env, arguments[1], 1, &ring->callback);
  int error = watch(env, ring);
  return error ? throw_errno(env, "watching the ring", error) : NULL;
}

static uint64_t round_up(uint64_t length) { return (length + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL; }

/* claimRing(handle, maxBytes): how many finished records offsets and lengths now tell of. Bounded by both arrays and maxBytes. */
napi_value ring_claim(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int64_t max = 0;
  struct ring *ring = take_ring(env, info, arguments, 2);
  if (!ring) return NULL;
  if (ring->released || !to_int64(env, arguments[1], &max)) return from_int64(env, 0);
  uint64_t begin = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED), at = ring->claimed = begin;
  uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE), mask = ring->size - 1;
  size_t count = 0, copied = 0;
  while (at < end && count < ring->slots && at - begin < (uint64_t)max) {
    size_t offset = (size_t)(at & mask);
    uint32_t header = __atomic_load_n((const uint32_t *)(ring->data + offset), __ATOMIC_ACQUIRE);
    if (header & BPF_RINGBUF_BUSY_BIT) break;
    uint32_t length = header & ~BPF_RINGBUF_DISCARD_BIT;
    at += round_up(length);
    if (header & BPF_RINGBUF_DISCARD_BIT) continue;
    offset += BPF_RINGBUF_HDR_SZ;
    size_t shown = ring->mapped - ring->page - offset;
    if (length > shown) length = (uint32_t)shown;
    if (ring->copy) {
      memcpy(ring->copy + copied, ring->data + offset, length);
      offset = copied;
      copied += (length + 7) & ~7UL;
    }
    ring->offsets[count] = (uint32_t)offset;
    ring->lengths[count++] = length;
  }
  ring->claimed = at;
  /* Only discarded records: nobody will release them. */
  if (count == 0 && at != begin) __atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
  return from_int64(env, (int64_t)count);
}

/* releaseRing(handle): the kernel may write over what was claimed. */
napi_value ring_release(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct ring *ring = take_ring(env, info, arguments, 1);
  if (ring && !ring->released) __atomic_store_n(ring->consumer, ring->claimed, __ATOMIC_RELEASE);
  return NULL;
}

/* waitingRing(handle): bytes between consumer and producer */
napi_value ring_waiting(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct ring *ring = take_ring(env, info, arguments, 1);
  if (!ring) return NULL;
  if (ring->released) return from_int64(env, 0);
  uint64_t consumer = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
  return from_int64(env, (int64_t)(__atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - consumer));
}

/* closeRing(handle): its data are gone from then on. */
napi_value ring_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct ring *ring = take_ring(env, info, arguments, 1);
  if (ring) release(ring);
  return NULL;
}
