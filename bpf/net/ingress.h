/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * UDP as it reaches a socket: who wrote first, and DNS answers, those by TCP, too. This is the one
 * program on a path of packets; other TCP leaves it after three loads.
 *
 * Runs in softirq: the process is the last one that used the socket.
 */
#ifndef SECD_NET_INGRESS_H
#define SECD_NET_INGRESS_H

#include "peers.h"

#define SECD_ETH_P_IP    0x0800
#define SECD_ETH_P_IPV6  0x86dd
#define SECD_DNS_PORT    53
/* The same in skb->remote_port: network order, in the upper half. */
#define SECD_DNS_REMOTE  (__builtin_bswap16(SECD_DNS_PORT) << 16)
#define SECD_TCP_SYN     2   /* in `flags` of a TCP header */
#define SECD_UDP_HEADER  8
#define SECD_IPV4_HEADER 20
#define SECD_IPV6_HEADER 40

struct tcp_head {
	__be16 ports[2];
	__be32 sequence, acknowledged;
	__u8   offset, flags;
	__be16 window;
};

/* Sends the message from `offset` to the end of the packet. */
static __always_inline void dns_answer(struct __sk_buff *skb, __u32 offset,
				       const struct secd_socket_state *state, __u32 sequence,
				       __u32 flags)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct secd_scratch *scratch;
	struct secd_dns *dns;
	__u32 total = skb->len - offset, length;

	if (skb->len <= offset)
		return;
	scratch = scratch_claim();
	if (!scratch)
		return;
	dns = (struct secd_dns *)scratch->record;
	length = total > SECD_DNS_MAX ? SECD_DNS_MAX : total;
	/* Written so that every verifier sees 1 to SECD_DNS_MAX. */
	length--;
	bounded(length, SECD_DNS_MAX - 1);
	length++;
	if (!bpf_skb_load_bytes(skb, offset, dns + 1, length)) {
		dns->image = state->user;
		dns->cookie = state->cookie;
		dns->length = length;
		dns->total = total;
		dns->sequence = sequence;
		dns->flags = flags;
		emit(&dns->head, sizeof(*dns) + length, SECD_KIND_DNS, SECD_RING_OBSERVATION, now);
	}
	scratch_release(scratch);
}

/* What a connection to port 53 brings. User space puts it together: a message may be longer than a
 * packet, and its length may come in one of its own. Returns whether it is TCP. */
static __always_inline bool dns_stream(struct __sk_buff *skb)
{
	__u8 *data = (__u8 *)(__u64)skb->data, *end = (__u8 *)(__u64)skb->data_end;
	struct secd_socket_state *state;
	struct tcp_head tcp;
	__u32 header;

	if (skb->protocol == __builtin_bswap16(SECD_ETH_P_IP)) {
		if (data + SECD_IPV4_HEADER > end || data[9] != SECD_IPPROTO_TCP)
			return false;
		header = (data[0] & 15) * 4;
	} else if (skb->protocol == __builtin_bswap16(SECD_ETH_P_IPV6)) {
		if (data + SECD_IPV6_HEADER > end || data[6] != SECD_IPPROTO_TCP)
			return false;
		header = SECD_IPV6_HEADER;
	} else {
		return false;
	}
	/* Data with the first packet (fast open) begins one number later: not read. */
	if (bpf_skb_load_bytes(skb, header, &tcp, sizeof(tcp)) || (tcp.flags & SECD_TCP_SYN))
		return true;
	header += (tcp.offset >> 4) * 4;
	if (skb->len <= header)
		return true;
	state = state_find(bpf_get_socket_cookie(skb));
	if (state)
		dns_answer(skb, header, state, __builtin_bswap32(tcp.sequence), SECD_DNS_STREAM);
	return true;
}

/* Source of a UDP packet, and the port it came to; returns the offset of its payload, or 0. */
static __always_inline __u32 udp_source(struct __sk_buff *skb, struct secd_socket_peer *peer,
					__u16 *local_port)
{
	__u8 *data = (__u8 *)(__u64)skb->data, *end = (__u8 *)(__u64)skb->data_end;
	__u32 header;
	__be16 ports[2];

	if (skb->protocol == __builtin_bswap16(SECD_ETH_P_IP)) {
		if (data + SECD_IPV4_HEADER > end || data[9] != SECD_IPPROTO_UDP)
			return 0;
		__builtin_memcpy(peer->address, data + 12, 4);
		header = (data[0] & 15) * 4;
	} else if (skb->protocol == __builtin_bswap16(SECD_ETH_P_IPV6)) {
		/* Extension headers before UDP: not followed, nobody sends them to sockets. */
		if (data + SECD_IPV6_HEADER > end || data[6] != SECD_IPPROTO_UDP)
			return 0;
		__builtin_memcpy(peer->address, data + 8, 16);
		header = SECD_IPV6_HEADER;
	} else {
		return 0;
	}
	if (bpf_skb_load_bytes(skb, header, ports, sizeof(ports)))
		return 0;
	peer->port = host_order(ports[0]);
	*local_port = host_order(ports[1]);
	return header + SECD_UDP_HEADER;
}

/* A function of its own, so that the record is not even cleared for known peers. */
static __always_inline void peer_heard(struct __sk_buff *skb, struct secd_socket_state *state,
				       const struct secd_socket_peer *peer, __u16 local_port)
{
	struct secd_socket record = {};
	__be32 address = 0;

	record.family = state->family;
	record.type = SECD_SOCK_DGRAM;
	record.protocol = SECD_IPPROTO_UDP;
	record.local_port = local_port;
	/* The destination: a socket that is bound to no address has none of its own. */
	if (skb->protocol == __builtin_bswap16(SECD_ETH_P_IPV6)) {
		bpf_skb_load_bytes(skb, 24, record.local, 16);
	} else {
		bpf_skb_load_bytes(skb, 16, &address, sizeof(address));
		if (state->family == SECD_AF_INET6)
			address_map4(record.local, address);
		else
			address_set4(record.local, address);
	}
	peer_into(&record, state, peer);
	socket_send(&record, SECD_SOCKET_DATAGRAM, bpf_ktime_get_boot_ns());
}

static __always_inline int udp_arrived(struct __sk_buff *skb)
{
	struct secd_socket_peer peer = {};
	struct secd_socket_state *state;
	__u16 local_port = 0;
	__u32 payload;

	payload = udp_source(skb, &peer, &local_port);
	if (!payload)
		return 1;
	state = state_find(bpf_get_socket_cookie(skb));
	if (!state)
		return 1;
	if (peer.port == SECD_DNS_PORT)
		dns_answer(skb, payload, state, 0, 0);
	if (state->family == SECD_AF_INET6 && skb->protocol == __builtin_bswap16(SECD_ETH_P_IP)) {
		__u32 address = *(__u32 *)peer.address;

		*(__u32 *)peer.address = 0;
		address_map4(peer.address, address);
	}
	peer.cookie = state->cookie;
	peer.incoming = 1;
	if (peer_is_new(state, &peer))
		peer_heard(skb, state, &peer, local_port);
	return 1;
}

#endif
