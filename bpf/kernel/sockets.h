/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets: of IP, of TCP, of Unix. */
#ifndef SECD_KERNEL_SOCKETS_H
#define SECD_KERNEL_SOCKETS_H

#include "files.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	__u8 s6_addr[16];
};
typedef struct {
	struct net *net;
} possible_net_t;
struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	refcount_t skc_refcnt;
	unsigned long skc_flags;
};
struct socket;
struct sock {
	struct sock_common __sk_common;
	int sk_err;
	struct socket *sk_socket;
	kuid_t sk_uid;
	__u16 sk_protocol;
	__u16 sk_type;
	__u8 sk_kern_sock : 1;
	__u8 sk_shutdown;
	__u32 sk_max_ack_backlog;
};
struct socket {
	short type;
	struct file *file;
	struct sock *sk;
};
struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};
struct inet_sock {
	struct sock sk;
	__be32 inet_saddr;
	__be16 inet_sport;
};
struct fastopen_queue {
	int max_qlen;
};
struct request_sock_queue {
	struct fastopen_queue fastopenq;
};
struct inet_connection_sock {
	struct request_sock_queue icsk_accept_queue;
};
struct tcp_sock {
	__u32 segs_in;
	__u32 segs_out;
	__u64 bytes_received;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u32 total_retrans;
	__u32 srtt_us;
};
struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};
struct unix_address {
	int len;
	struct sockaddr_un name[1];
};
struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};
struct sockaddr;
struct bpf_sock_addr_kern {
	struct sock *sk;
	struct sockaddr *uaddr;
	__u32 uaddrlen;
};
struct msghdr {
	void *msg_name;
	int msg_namelen;
};

#pragma clang attribute pop

#endif
