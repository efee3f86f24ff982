/* The program of sockets.bpf.c for kernels without typed tracepoints (before Linux 5.11, or without BTF of what they give). */
#define SOCKETS_RAW
#include "sockets.bpf.c"
