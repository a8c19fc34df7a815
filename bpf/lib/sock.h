/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* struct sock to the fields of a socket record. */
#ifndef SECD_LIB_SOCK_H
#define SECD_LIB_SOCK_H

#include "../kernel/access.h"
#include "../abi/socket.h"

/* include/linux/socket.h, include/uapi/linux/in.h, include/net/tcp_states.h */
#define SECD_AF_UNIX   1
#define SECD_AF_INET   2
#define SECD_AF_INET6 10
#define SECD_SOCK_STREAM 1
#define SECD_SOCK_DGRAM  2
#define SECD_SOCK_RAW    3
#define SECD_IPPROTO_TCP  6
#define SECD_IPPROTO_UDP 17
#define SECD_TCP_ESTABLISHED 1
#define SECD_TCP_SYN_SENT    2
#define SECD_TCP_SYN_RECV    3
#define SECD_TCP_CLOSE       7
#define SECD_TCP_CLOSE_WAIT  8
#define SECD_TCP_LISTEN     10
/* sk_shutdown: both ways shut, as close(2) does. */
#define SECD_SHUTDOWN_MASK 3
/* Bit of enum sock_flags: the peer's FIN came. */
#define SECD_SOCK_DONE (1UL << 1)

static __always_inline bool family_is_ip(__u32 family)
{
	return family == SECD_AF_INET || family == SECD_AF_INET6;
}

static __always_inline __u16 host_order(__be16 port)
{
	return __builtin_bswap16(port);
}

/* Two 8-byte loads: an address is compared and copied more often than anything else here. */
static __always_inline void address_copy(__u8 *out, const void *in)
{
	__builtin_memcpy(out, in, 16);
}

static __always_inline void address_set4(__u8 *out, __be32 address)
{
	__builtin_memcpy(out, &address, sizeof(address));
}

/* ::ffff:a.b.c.d, how an IPv6 socket names an IPv4 peer. */
static __always_inline void address_map4(__u8 *out, __be32 address)
{
	out[10] = 0xff;
	out[11] = 0xff;
	__builtin_memcpy(out + 12, &address, sizeof(address));
}

/* An address in a program's context: only 4 bytes may be read at a time. */
#define context_address6(out, field)                                                           \
	do {                                                                                   \
		__u32 *words = (__u32 *)(out);                                                 \
		words[0] = field[0];                                                           \
		words[1] = field[1];                                                           \
		words[2] = field[2];                                                           \
		words[3] = field[3];                                                           \
	} while (0)

#ifdef SECD_PROBE_READS
#define address_load6(out, sk, field) \
	bpf_probe_read_kernel(out, 16, __builtin_preserve_access_index(&(sk)->__sk_common.field))
#else
#define address_load6(out, sk, field) address_copy(out, &(sk)->__sk_common.field)
#endif

/* The socket's number in sockfs; an orphaned sock has none any more. */
static __always_inline __u64 socket_inode(struct socket *socket)
{
	struct inode *inode;

	if (!socket)
		return 0;
	inode = (struct inode *)((void *)socket +
				 bpf_core_field_offset(struct socket_alloc, vfs_inode));
	inode = kcast(inode, inode);
	return kload(inode, i_ino);
}

static __always_inline void sock_remote(struct secd_socket *record, struct sock *sk)
{
	if (kload(sk, __sk_common.skc_family) == SECD_AF_INET6)
		address_load6(record->remote, sk, skc_v6_daddr);
	else
		address_set4(record->remote, kload(sk, __sk_common.skc_daddr));
	record->remote_port = host_order(kload(sk, __sk_common.skc_dport));
}

static __always_inline void sock_local(struct secd_socket *record, struct sock *sk)
{
	struct inet_sock *inet = kcast(inet_sock, sk);

	if (kload(sk, __sk_common.skc_family) == SECD_AF_INET6)
		address_load6(record->local, sk, skc_v6_rcv_saddr);
	else
		address_set4(record->local, kload(sk, __sk_common.skc_rcv_saddr));
	record->local_port = kload(sk, __sk_common.skc_num);
	if (!record->local_port) /* skc_num is taken back before the state becomes CLOSE */
		record->local_port = host_order(kload(inet, inet_sport));
}

static __always_inline void sock_describe(struct secd_socket *record, struct sock *sk)
{
	record->family = kload(sk, __sk_common.skc_family);
	record->type = kload(sk, sk_type);
	record->protocol = kload(sk, sk_protocol);
	record->state = kload(sk, __sk_common.skc_state);
	if (family_is_ip(record->family)) {
		sock_local(record, sk);
		sock_remote(record, sk);
	}
	if (record->type == SECD_SOCK_RAW) /* the kernel keeps the protocol in its place */
		record->local_port = 0;
}

static __always_inline __u32 sock_net_ns(struct sock *sk)
{
	return kload(sk, __sk_common.skc_net.net, ns.inum);
}

/*
 * Payload bytes: the kernel's bytes_sent counts retransmissions too, and bytes_received counts
 * the peer's FIN as one byte.
 */
static __always_inline void tcp_totals(struct secd_socket *record, struct sock *sk)
{
	struct tcp_sock *tcp = kcast(tcp_sock, sk);
	__u64 received = kload(tcp, bytes_received);

	if (received && (kload(sk, __sk_common.skc_flags) & SECD_SOCK_DONE))
		received--;
	record->bytes_received = received;
	record->bytes_sent = kload(tcp, bytes_sent) - kload(tcp, bytes_retrans);
	record->packets_received = kload(tcp, segs_in);
	record->packets_sent = kload(tcp, segs_out);
	record->retransmits = kload(tcp, total_retrans);
	record->rtt_us = kload(tcp, srtt_us) >> 3; /* kept in eighths */
	record->flags |= SECD_SOCKET_FLAG_TOTALS_EXACT | SECD_SOCKET_FLAG_PACKETS_KNOWN;
}

#endif
