/* The program of tls.bpf.c beside sockets-raw.bpf.c and sockets-tracepoint.bpf.c: the same structs by helper, and threads in the same hash. */
#define PROBE_READS
#define THREADS_IN_HASH
#include "tls.bpf.c"
