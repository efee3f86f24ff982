/* The kernel's structures as far as these programs read them; libbpf moves every field to where this kernel has it (CO-RE).
 * Field names and nesting are the kernel's. */
#ifndef DEEPFLOW_CORE_H
#define DEEPFLOW_CORE_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#define bool _Bool
#define true 1
#define false 0
#define NULL ((void *)0)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* a process */
struct signal_struct { struct { int counter; } live; int group_exit_code; };
struct thread_struct { unsigned long fsbase; };
struct thread_info { unsigned long flags; unsigned int status; };
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct mm_struct { unsigned long arg_start, arg_end, env_start, env_end; };
struct task_struct {
  struct thread_info thread_info;
  struct thread_struct thread;
  struct mm_struct *mm;
  struct task_struct *real_parent;
  struct files_struct *files;
  struct signal_struct *signal;
  struct task_struct *group_leader;
  int pid;
  int tgid;
  int exit_code;
};
struct linux_binprm { const char *filename; };

/* x86_64 registers as a system call left them */
struct pt_regs { unsigned long r10, r9, r8, dx, si, di, orig_ax, ax, sp, ip; };

/* files */
struct qstr { unsigned int len; const unsigned char *name; };
struct super_block { unsigned int s_dev; };
struct inode { unsigned short i_mode; unsigned long i_ino; struct super_block *i_sb; };
struct dentry { struct dentry *d_parent; struct qstr d_name; };
struct vfsmount { struct dentry *mnt_root; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file {
  struct inode *f_inode;
  struct path f_path;
  void *private_data;
  long long f_pos;
};
struct file_ref { struct { long counter; } refcnt; };
struct file___ref { struct file_ref f_ref; };                 /* since Linux 6.13; 0 is one reference */
struct file___count { struct { long counter; } f_count; };    /* before */

/* sockets */
struct in6_addr { unsigned char in6_u[16]; };
struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
struct sock_common {
  unsigned int skc_daddr;
  unsigned int skc_rcv_saddr;
  __u16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  struct { struct net *net; } skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
};
struct sock {
  struct sock_common __sk_common;
  unsigned short sk_protocol;
  unsigned short sk_type;
  struct socket *sk_socket;
  int sk_err;
};
struct inet_sock { __u16 inet_sport; };
struct socket { struct file *file; struct sock *sk; };
struct tcp_sock { unsigned int copied_seq; unsigned int rcv_nxt; unsigned int write_seq; unsigned int snd_una; };
struct sockaddr_un { unsigned short sun_family; char sun_path[108]; };
struct unix_address { int len; struct sockaddr_un name[]; };
struct unix_sock { struct unix_address *addr; struct sock *peer; };

/* io_uring */
struct io_cqe { int fd; };
struct io_kiocb { __u8 opcode; struct io_cqe cqe; };

#pragma clang attribute pop

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

/* FIELD(pointer, type, field): one field of a kernel structure.
 * Where the kernel can check the type it is a plain load (a fault reads as 0), else a call of a helper. */
#ifdef PROBE_READS
#define FIELD(pointer, type, field) \
  ({ struct type *typed_pointer = (void *)(pointer); BPF_CORE_READ(typed_pointer, field); })
#else
#define FIELD(pointer, type, field) \
  (((struct type *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(struct type)))->field)
#endif

/* A pointer in kernel memory as a plain number, which may be calculated with: read as a field that the kernel knows as one. */
#define WORD(address) FIELD((__u64)(address) - bpf_core_field_offset(struct thread_info, flags), thread_info, flags)

#ifdef PROBE_READS
#define current_task() ((struct task_struct *)bpf_get_current_task())
#else
#define current_task() bpf_get_current_task_btf()
#endif

/* TRUSTED(pointer, type, field): a field of the current task, or of what a typed hook is given. The kernel knows that these are there, so
 * that each load is one instruction; a load by FIELD is ten, 70 bytes, because its address is checked. */
#ifdef PROBE_READS
#define TRUSTED(pointer, type, field) FIELD(pointer, type, field)
#else
#define TRUSTED(pointer, type, field) (((struct type *)(pointer))->field)
#endif

/* Thread pointer of the current thread in user space: where thread-local variables are. */
static __always_inline __u64 read_fsbase(void) { return TRUSTED(current_task(), task_struct, thread.fsbase); }

#endif
