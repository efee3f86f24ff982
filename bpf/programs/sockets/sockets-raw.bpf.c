/* The program of sockets.bpf.c for kernels without typed tracepoints and casts (before Linux 6.2, or without BTF of what they give). */
#define SOCKETS_RAW
#include "sockets.bpf.c"
