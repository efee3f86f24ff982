/*
 * Compiles filters in tcpdump's language with the system's libpcap. The library is opened when a filter is first asked for,
 * so that only then it must be there; the few functions are declared here as pcap(3PCAP) gives them.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>
#include <linux/filter.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
  unsigned int length;
  struct sock_filter *instructions;
};

static struct {
  void *library;
  void *(*open_dead)(int link_type, int snap_length);
  int (*compile)(void *pcap, struct program *program, const char *text, int optimize, unsigned int netmask);
  char *(*error)(void *pcap);
  void (*free_code)(struct program *program);
  void (*close)(void *pcap);
} pcap;

/* libpcap's compiler was not made for threads before 1.8, and filters are compiled rarely. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static bool load(void) {
  if (pcap.library) return true;
  void *library = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libpcap.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return false;
  *(void **)&pcap.open_dead = dlsym(library, "pcap_open_dead");
  *(void **)&pcap.compile = dlsym(library, "pcap_compile");
  *(void **)&pcap.error = dlsym(library, "pcap_geterr");
  *(void **)&pcap.free_code = dlsym(library, "pcap_freecode");
  *(void **)&pcap.close = dlsym(library, "pcap_close");
  if (!pcap.open_dead || !pcap.compile || !pcap.error || !pcap.free_code || !pcap.close) {
    dlclose(library);
    return false;
  }
  pcap.library = library;
  return true;
}

static napi_value copy(napi_env env, const struct program *program) {
  void *bytes;
  napi_value buffer;
  size_t size = program->length * sizeof(struct sock_filter);
  if (napi_create_buffer_copy(env, size, program->instructions, &bytes, &buffer) != napi_ok) return NULL;
  return buffer;
}

/* compileFilter({ text, linkType, snapLength }): the classic BPF program, eight bytes an instruction. */
napi_value filter_compile(napi_env env, napi_callback_info info) {
  napi_value options, result = NULL;
  size_t count = 1;
  char text[16384];
  napi_get_cb_info(env, info, &count, &options, NULL, NULL);
  if (!get_text(env, options, "text", text, sizeof text)) return throw_coded(env, "EINVAL", "a filter has at most 16383 bytes");
  int link_type = (int)get_uint32(env, options, "linkType", 1);
  int snap_length = (int)get_uint32(env, options, "snapLength", 262144);

  pthread_mutex_lock(&one_at_a_time);
  if (!load()) {
    const char *reason = dlerror();
    throw_coded(env, "NO_LIBPCAP", reason ? reason : "libpcap lacks a function");
  } else {
    void *handle = pcap.open_dead(link_type, snap_length);
    struct program program = {0};
    if (!handle) {
      throw_coded(env, "ENOMEM", "pcap_open_dead failed");
    } else if (pcap.compile(handle, &program, text, 1, 0xffffffff) != 0) {
      throw_coded(env, "BAD_FILTER", pcap.error(handle));
    } else {
      result = copy(env, &program);
      pcap.free_code(&program);
    }
    if (handle) pcap.close(handle);
  }
  pthread_mutex_unlock(&one_at_a_time);
  return result;
}
