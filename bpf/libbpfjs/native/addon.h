/* What the parts of the addon share: how arguments are read, errors thrown, and descriptors kept until their thread ends. */
#ifndef LIBBPFJS_ADDON_H
#define LIBBPFJS_ADDON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <node_api.h>

/* Throws an Error whose `code` is the name of errno and whose message is "what: strerror". Gives NULL. */
napi_value throw_errno(napi_env env, const char *what, int error);
/* Throws a TypeError for a wrong argument. Gives NULL. */
napi_value throw_argument(napi_env env, const char *what);

/* Fills `values` with the call's arguments, undefined where there are fewer. */
void get_arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count);
/* 0 and false when the value is of another type. */
bool to_int64(napi_env env, napi_value value, int64_t *number);
bool to_uint64(napi_env env, napi_value value, uint64_t *number); /* a number or a bigint */
int to_int(napi_env env, napi_value value, int otherwise);
bool to_text(napi_env env, napi_value value, char *text, size_t size);
bool to_bytes(napi_env env, napi_value value, void **bytes, size_t *length); /* any typed array */

napi_value from_int64(napi_env env, int64_t number);
napi_value from_text(napi_env env, const char *text);
void set(napi_env env, napi_value object, const char *name, napi_value value);

/* Descriptors of this JavaScript thread; what is left when it ends is closed, so that links never outlive their owner.
 * Gives the number for JavaScript; throws and closes when there is no memory. */
napi_value own_fd(napi_env env, int fd);
bool disown_fd(napi_env env, int fd);

/* The functions of the addon; their JavaScript signatures stand in src/addon.ts. */
#define FUNCTION(name) napi_value name(napi_env env, napi_callback_info info)
FUNCTION(object_open);
FUNCTION(object_load);
FUNCTION(object_close);
FUNCTION(object_btf);
FUNCTION(object_describe);
FUNCTION(program_configure);
FUNCTION(program_fd);
FUNCTION(program_log);
FUNCTION(map_configure);
FUNCTION(map_initialise);
FUNCTION(map_fd);
FUNCTION(map_lookup);
FUNCTION(map_update);
FUNCTION(map_delete);
FUNCTION(map_keys);
FUNCTION(map_create);
FUNCTION(map_create_task_storage);
FUNCTION(program_info);
FUNCTION(program_run);
FUNCTION(program_probe);
FUNCTION(stats_enable);
FUNCTION(link_info);
FUNCTION(raw_tracepoint_open);
FUNCTION(perf_event_open_fd);
FUNCTION(perf_event_attach);
FUNCTION(uprobe_multi_attach);
FUNCTION(cgroup_attach);
FUNCTION(iterator_attach);
FUNCTION(iterator_open);
FUNCTION(fd_close);
FUNCTION(cpus);
FUNCTION(vmlinux_type);
FUNCTION(libbpf_version_text);
FUNCTION(take_log);
FUNCTION(ring_open);
FUNCTION(ring_watch);
FUNCTION(ring_claim);
FUNCTION(ring_release);
FUNCTION(ring_waiting);
FUNCTION(ring_close);

#endif
