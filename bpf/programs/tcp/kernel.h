/* The fields of the kernel's structures that the program reads; CO-RE finds where they are in the running kernel. */
#ifndef DEEPFLOW_TCP_KERNEL_H
#define DEEPFLOW_TCP_KERNEL_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
  union {
    __u32 u6_addr32[4];
  } in6_u;
};
#define u6_addr32 in6_u.u6_addr32

struct ns_common {
  unsigned int inum;
};

struct net {
  struct ns_common ns;
};

typedef struct {
  struct net *net;
} possible_net_t;

struct sock_common {
  __u32 skc_daddr;
  __u32 skc_rcv_saddr;
  __u16 skc_dport;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
  unsigned long skc_flags;
};

struct sock {
  struct sock_common __sk_common;
  __u16 sk_protocol;
  int sk_err;
};

struct inet_sock {
  __u16 inet_sport;
};

struct inet_connection_sock {
  struct inet_sock icsk_inet;
};

struct minmax_sample {
  __u32 t;
  __u32 v;
};

struct minmax {
  struct minmax_sample s[3];
};

struct tcp_sock {
  struct inet_connection_sock inet_conn;
  __u64 bytes_sent;
  __u64 bytes_acked;
  __u64 bytes_received;
  __u64 bytes_retrans;
  __u32 srtt_us;
  __u32 mdev_us;
  struct minmax rtt_min;
  __u32 snd_cwnd;
  __u32 snd_ssthresh;
  __u32 segs_out;
  __u32 segs_in;
  __u32 total_retrans;
  __u32 lost;
  __u32 rcv_ooopack;
  __u32 delivered;
  __u32 snd_una;
  __u32 rcv_nxt;
  __u32 mss_cache;
  __u16 tcp_header_len;
};

struct sk_buff {
  struct sock *sk;
};

struct socket {
  struct sock *sk;
};

struct file;
struct seq_file;

struct task_struct {
  int pid;
  int tgid;
};

struct bpf_iter_meta {
  struct seq_file *seq;
};

struct bpf_iter__task_file {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
  __u32 fd;
  struct file *file;
};

#pragma clang attribute pop

enum sock_flags { SOCK_DONE = 1 };
enum skb_drop_reason { SKB_DROP_REASON_NOT_SPECIFIED = 2 };
enum sk_rst_reason { SK_RST_REASON_NOT_SPECIFIED = 0 };

#endif
