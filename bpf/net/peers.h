/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * UDP peers: one record for the first datagram to a peer and one for the first from it. The
 * last peer each way stands in the socket's record, so a connected socket or a single
 * correspondent costs a comparison; others are looked up.
 */
#ifndef SECD_NET_PEERS_H
#define SECD_NET_PEERS_H

#include "use.h"

/* Peers remembered over all sockets. A forgotten one is told again: more events, none lost. */
#define SECD_PEERS 65536

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SECD_PEERS);
	__type(key, struct secd_socket_peer);
	__type(value, __u8);
} secd_socket_peers SEC(".maps");

static __always_inline bool address_equal(const __u8 *a, const __u8 *b)
{
	const __u64 *left = (const __u64 *)a, *right = (const __u64 *)b;

	return left[0] == right[0] && left[1] == right[1];
}

/* Whether this peer is new and to be told. Beyond the limit datagrams of peers that are not known
 * are counted, and the peers not remembered: a flood must not displace those of others. */
static __always_inline bool peer_is_new(struct secd_socket_state *state,
					const struct secd_socket_peer *peer)
{
	__u8 *last = peer->incoming ? state->received_from : state->sent_to;
	__u16 *port = peer->incoming ? &state->received_from_port : &state->sent_to_port;
	__u8 known = 1;

	if (*port == peer->port && address_equal(last, peer->address))
		return false;
	if (state->peers >= SECD_UDP_PEERS_MAX) {
		if (bpf_map_lookup_elem(&secd_socket_peers, peer))
			return false;
		state->flags |= SECD_SOCKET_FLAG_PEER_LIMIT;
		__sync_fetch_and_add(&state->untold, 1);
		count(SECD_COUNTER_PEERS_UNTOLD);
		return false;
	}
	address_copy(last, peer->address);
	*port = peer->port;
	if (bpf_map_update_elem(&secd_socket_peers, peer, &known, BPF_NOEXIST))
		return false;
	__sync_fetch_and_add(&state->peers, 1);
	return true;
}

static __always_inline void peer_into(struct secd_socket *record,
				      const struct secd_socket_state *state,
				      const struct secd_socket_peer *peer)
{
	record_state(record, state);
	address_copy(record->remote, peer->address);
	record->remote_port = peer->port;
	if (peer->incoming)
		record->flags |= SECD_SOCKET_FLAG_INCOMING;
	else
		record->flags &= ~SECD_SOCKET_FLAG_INCOMING;
}

/* The first datagram that the running process sends to a peer. Built in scratch: with what else the
 * programs of a send hold, the stack would be too small. */
static __always_inline void peer_tell(struct sock *sk, struct secd_socket_state *state,
				      struct task_struct *task, const struct secd_socket_peer *peer)
{
	struct secd_scratch *scratch;
	struct secd_socket *record;

	if (!peer_is_new(state, peer) || !socket_event_wanted(SECD_SOCKET_DATAGRAM))
		return;
	record = record_claim(&scratch);
	if (!record)
		return;
	sock_describe(record, sk);
	peer_into(record, state, peer);
	record->tid = kload(task, pid);
	record->event = SECD_SOCKET_DATAGRAM;
	record_release(scratch, 0, bpf_ktime_get_boot_ns());
}

/* A datagram of a connected socket was sent. */
static __always_inline void peer_of_connected(struct sock *sk, struct secd_socket_state *state,
					      struct task_struct *task)
{
	struct secd_socket_peer peer = {};

	peer.cookie = state->cookie;
	if (state->family == SECD_AF_INET6)
		address_load6(peer.address, sk, skc_v6_daddr);
	else
		address_set4(peer.address, kload(sk, __sk_common.skc_daddr));
	peer.port = host_order(kload(sk, __sk_common.skc_dport));
	peer_tell(sk, state, task, &peer);
}

/* sendto or sendmsg with an address, after it; `name` is the kernel's copy of a sockaddr. */
static __always_inline void peer_of_message(struct sock *sk, const void *name)
{
	struct secd_socket_state *state = state_find(sock_cookie(sk));
	struct secd_socket_peer peer = {};
	__u8 copy[24] = {};

	if (!state || bpf_probe_read_kernel(copy, sizeof(copy), name))
		return;
	peer.cookie = state->cookie;
	peer.port = host_order(*(__be16 *)(copy + 2));
	if (*(__u16 *)copy == SECD_AF_INET6)
		address_copy(peer.address, copy + 8);
	else if (state->family == SECD_AF_INET6)
		address_map4(peer.address, *(__be32 *)(copy + 4));
	else
		address_set4(peer.address, *(__be32 *)(copy + 4));
	peer_tell(sk, state, bpf_get_current_task_btf(), &peer);
}

/*
 * sendto or sendmsg with an address (cgroup/sendmsg4, sendmsg6), before it is sent. An IPv6
 * socket that sends over IPv4 passes through the first; `ip6` is the program, not the socket.
 */
static __always_inline int peer_addressed(struct bpf_sock_addr *ctx, struct sock *sk, bool ip6)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_socket_state *state = state_in_use(sk, bpf_get_socket_cookie(ctx), task);
	struct secd_socket_peer peer = {};

	if (!state)
		return 1;
	peer.cookie = state->cookie;
	if (ip6)
		context_address6(peer.address, ctx->user_ip6);
	else if (state->family == SECD_AF_INET6)
		address_map4(peer.address, ctx->user_ip4);
	else
		address_set4(peer.address, ctx->user_ip4);
	peer.port = host_order(ctx->user_port);
	use_by(sk, state, task);
	peer_tell(sk, state, task, &peer);
	return 1;
}

#endif
