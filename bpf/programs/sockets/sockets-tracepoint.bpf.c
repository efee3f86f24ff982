/* The program of sockets.bpf.c where only classic tracepoints may be used; a child process does not take over its
 * parent's filter then. */
#define SOCKETS_TRACEPOINT
#include "sockets.bpf.c"
