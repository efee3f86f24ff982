/* What the loader sets: constants before load, filters in maps at any time. */
#ifndef DEEPFLOW_OPTIONS_H
#define DEEPFLOW_OPTIONS_H

#include "../shared/threads.h"

/* The collector itself, by its process id in its own pid namespace. */
const volatile __u32 own_pid = 0;
const volatile __u64 own_namespace_device = 0;
const volatile __u64 own_namespace_inode = 0;

const volatile bool trace_unix = false;
const volatile bool filter_cgroups = false;

enum port_mode { PORTS_ALL = 0, PORTS_ONLY = 1, PORTS_EXCEPT = 2 };
const volatile __u32 port_mode = PORTS_ALL;

enum file_mode { FILES_OFF = 0, FILES_IN_CALL = 1, FILES_ALL = 2 };
const volatile __u32 file_mode = FILES_OFF;
const volatile __u64 file_min_ns = 0;

/* Raised whenever a verdict may have changed: threads then ask again. */
struct settings {
  __u32 generation;
  __u32 default_verdict; /* of processes that no filter names */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct settings);
} settings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);   /* id of a cgroup (v2), whose verdict holds for those below it too */
  __type(value, __u32); /* enum verdict */
} cgroups SEC(".maps");

/* How many bytes of a call to send of new connections to a server's port, before user space has looked at them: what its earlier
 * connections needed. 0: not known. */
struct port_limit { __u32 wire; __u32 clear; };

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 65536);
  __type(key, __u32);
  __type(value, struct port_limit);
} port_limits SEC(".maps");

/* What user space changes of what is remembered of a socket; of ASK_TABLE the value is a direction. */
enum command { COMMAND_LIMIT_WIRE = 0, COMMAND_LIMIT_CLEAR = 1, COMMAND_ASK_TABLE = 2 };

struct command_arguments {
  __u64 socket;
  __u64 seen_ns; /* a younger socket is another one than is meant */
  __u64 command; /* enum command */
  __u64 value;   /* bytes of a limit */
  __u64 flags;   /* of a limit */
};

/* A bit for each port. */
struct port_set { __u64 words[1024]; };

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct port_set);
} ports SEC(".maps");

static __always_inline bool has_port(const struct port_set *set, __u16 port) {
  return set->words[(port >> 6) & 1023] >> (port & 63) & 1;
}

static __always_inline bool ports_pass(__u16 local, __u16 remote) {
  if (port_mode == PORTS_ALL) return true;
  __u32 zero = 0;
  struct port_set *set = bpf_map_lookup_elem(&ports, &zero);
  if (!set) return true;
  return (has_port(set, local) || has_port(set, remote)) == (port_mode == PORTS_ONLY);
}

#endif
