/* Slow reads and writes of regular files: which file, where in it, how long. */
#ifndef DEEPFLOW_FILES_H
#define DEEPFLOW_FILES_H

#include "socket.h"

#define FILE_PATH_MAX 1024
#define NAME_MAX 255
#define PATH_DEPTH_MAX 32

/* A path as it is put together, from its end; the walk's position is kept here too, because the verifier would follow every value of
 * one on the stack. One per CPU is enough: these hooks run with preemption off. */
struct path_walk {
  __u64 dentry;
  __u64 mount;
  __u32 at;
  __u32 pad;
  __u8 bytes[FILE_PATH_MAX + NAME_MAX + 1];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct path_walk);
} path_walks SEC(".maps");

/* One step towards the root: the name of an entry, or from the root of a mounted file system to where it is mounted. */
static __noinline int step_to_root(struct path_walk *walk) {
  if (!walk) return 1;
  __u64 dentry = walk->dentry, mount = walk->mount;
  __u64 parent = (__u64)FIELD(dentry, dentry, d_parent);
  if (dentry == parent || dentry == (__u64)FIELD(mount, mount, mnt.mnt_root)) {
    __u64 above = (__u64)FIELD(mount, mount, mnt_parent);
    if (above == mount || !above) return 1;
    walk->dentry = (__u64)FIELD(mount, mount, mnt_mountpoint);
    walk->mount = above;
    return 0;
  }
  __u32 length = FIELD(dentry, dentry, d_name.len) & NAME_MAX;
  if (walk->at < length + 1) return 1;
  __u32 at = walk->at - length;
  bpf_probe_read_kernel(walk->bytes + (at & (FILE_PATH_MAX - 1)), length, FIELD(dentry, dentry, d_name.name));
  walk->bytes[(at - 1) & (FILE_PATH_MAX - 1)] = '/';
  walk->at = at - 1;
  walk->dentry = parent;
  return 0;
}

static __noinline int tell_file(struct event *event, const struct target *target, __u64 offset) {
  __u32 zero = 0;
  struct path_walk *walk = bpf_map_lookup_elem(&path_walks, &zero);
  if (!walk) return 0;
  walk->dentry = (__u64)FIELD(target->file, file, f_path.dentry);
  walk->mount = (__u64)FIELD(target->file, file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
  walk->at = FILE_PATH_MAX - 1;
  for (int i = 0; i < PATH_DEPTH_MAX; i++)
    if (step_to_root(walk)) break;
  __u32 length = FILE_PATH_MAX - 1 - walk->at;
  struct { struct event event; struct file_event file; __u8 path[FILE_PATH_MAX]; } *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
  if (!record) {
    count(COUNTER_RING_FULL);
    return -1;
  }
  record->event = *event;
  struct inode *inode = FIELD(target->file, file, f_inode);
  __u32 device = FIELD(FIELD(inode, inode, i_sb), super_block, s_dev);
  record->file.inode = target->inode;
  record->file.offset = offset;
  record->file.device_major = device >> 20;
  record->file.device_minor = device & 0xfffff;
  record->file.pad = 0;
  if (length > FILE_PATH_MAX) length = FILE_PATH_MAX;
  record->file.path_length = length;
  record->event.captured = sizeof(struct file_event) + length;
  bpf_probe_read_kernel(record->path, length, walk->bytes + (walk->at & (FILE_PATH_MAX - 1)));
  submit(record, sizeof(*record));
  return 0;
}

#endif
