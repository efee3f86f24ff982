/* What the parts of the addon share: how arguments are read and errors are thrown. */
#ifndef PACKET_RING_ADDON_H
#define PACKET_RING_ADDON_H

#include <stdbool.h>
#include <stdint.h>

#include <node_api.h>

/* Throws a JavaScript Error whose `code` is the name of errno and whose message is "what: strerror". Gives NULL. */
napi_value throw_errno(napi_env env, const char *what, int error);
/* Throws an Error with a code of our own. Gives NULL. */
napi_value throw_coded(napi_env env, const char *code, const char *message);

/* Properties of an options object; `otherwise` when absent or of another type. */
uint32_t get_uint32(napi_env env, napi_value object, const char *name, uint32_t otherwise);
bool get_bool(napi_env env, napi_value object, const char *name);
/* Writes at most size - 1 bytes and a NUL; false when the property is absent, no text, or too long. */
bool get_text(napi_env env, napi_value object, const char *name, char *text, size_t size);
void set_uint32(napi_env env, napi_value object, const char *name, uint32_t value);

/* Runs in the network namespace of `path` (a file as in /run/netns), or in the thread's own when it is empty. The switch
 * concerns only the calling thread. enter: -1 with errno set on failure, otherwise what `leave` needs. */
int namespace_enter(const char *path, const char **failed);
/* The thread must not go on in a foreign namespace: ends the process when the way back is closed. */
void namespace_leave(int before);

/* One function of the addon each. */
napi_value ring_open(napi_env env, napi_callback_info info);
napi_value ring_close(napi_env env, napi_callback_info info);
napi_value ring_statistics(napi_env env, napi_callback_info info);
napi_value filter_compile(napi_env env, napi_callback_info info);
napi_value interfaces_list(napi_env env, napi_callback_info info);
napi_value connections_read(napi_env env, napi_callback_info info);

#endif
