/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * UDP peers: one record for the first datagram to a peer and one for the first from it. The
 * last peer each way stands in the socket's record, so a connected socket or a single
 * correspondent costs a comparison; others are looked up.
 */
#ifndef SECD_NET_PEERS_H
#define SECD_NET_PEERS_H

#include "record.h"

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

/* Whether this peer is new and to be told; `flags` says when the last allowed one was reached. */
static __always_inline bool peer_is_new(struct secd_socket_state *state,
					const struct secd_socket_peer *peer)
{
	__u8 *last = peer->incoming ? state->received_from : state->sent_to;
	__u16 *port = peer->incoming ? &state->received_from_port : &state->sent_to_port;
	__u8 known = 1;

	if (*port == peer->port && address_equal(last, peer->address))
		return false;
	address_copy(last, peer->address);
	*port = peer->port;
	if (bpf_map_update_elem(&secd_socket_peers, peer, &known, BPF_NOEXIST))
		return false;
	if (state->peers >= SECD_UDP_PEERS_MAX)
		return false;
	if (++state->peers == SECD_UDP_PEERS_MAX)
		state->flags |= SECD_SOCKET_FLAG_PEER_LIMIT;
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

/* A datagram of a connected socket was sent. */
static __always_inline void peer_of_connected(struct sock *sk, struct secd_socket_state *state,
					      struct task_struct *task)
{
	struct secd_socket record = {};
	struct secd_socket_peer peer = {};

	sock_remote(&record, sk);
	peer.cookie = state->cookie;
	address_copy(peer.address, record.remote);
	peer.port = record.remote_port;
	if (!peer_is_new(state, &peer))
		return;
	sock_describe(&record, sk);
	peer_into(&record, state, &peer);
	record.tid = kload(task, pid);
	socket_send(&record, SECD_SOCKET_DATAGRAM, bpf_ktime_get_boot_ns());
}

/* sendto or sendmsg with an address, after it; `name` is the kernel's copy of a sockaddr. */
static __always_inline void peer_of_message(struct sock *sk, const void *name)
{
	struct secd_socket_state *state = socket_state(sk);
	struct secd_socket_peer peer = {};
	struct secd_socket record = {};
	__u8 copy[24] = {};

	if (!state || (state->marks & SECD_SOCKET_MARK_IGNORED) ||
	    bpf_probe_read_kernel(copy, sizeof(copy), name))
		return;
	peer.cookie = state->cookie;
	peer.port = host_order(*(__be16 *)(copy + 2));
	if (*(__u16 *)copy == SECD_AF_INET6)
		address_copy(peer.address, copy + 8);
	else if (kload(sk, __sk_common.skc_family) == SECD_AF_INET6)
		address_map4(peer.address, *(__be32 *)(copy + 4));
	else
		address_set4(peer.address, *(__be32 *)(copy + 4));
	if (!peer_is_new(state, &peer))
		return;
	sock_describe(&record, sk);
	peer_into(&record, state, &peer);
	record.tid = kload(bpf_get_current_task_btf(), pid);
	socket_send(&record, SECD_SOCKET_DATAGRAM, bpf_ktime_get_boot_ns());
}

/*
 * sendto or sendmsg with an address (cgroup/sendmsg4, sendmsg6), before it is sent. An IPv6
 * socket that sends over IPv4 passes through the first; `ip6` is the program, not the socket.
 */
static __always_inline int peer_addressed(struct bpf_sock_addr *ctx, bool ip6)
{
	struct secd_socket_state *state = socket_state(ctx->sk);
	struct secd_socket record = {};
	struct secd_socket_peer peer = {};
	struct actor actor;

	if (!state || (state->marks & SECD_SOCKET_MARK_IGNORED))
		return 1;
	peer.cookie = state->cookie;
	record.family = ctx->family;
	if (ip6)
		context_address6(peer.address, ctx->user_ip6);
	else if (record.family == SECD_AF_INET6)
		address_map4(peer.address, ctx->user_ip4);
	else
		address_set4(peer.address, ctx->user_ip4);
	peer.port = host_order(ctx->user_port);
	if (!peer_is_new(state, &peer))
		return 1;
	record.type = ctx->type;
	record.protocol = ctx->protocol;
	record.local_port = ctx->sk->src_port;
	peer_into(&record, state, &peer);
	actor_read(&actor, bpf_get_current_task_btf()); /* the hand-over is told after the send */
	record_actor(&record, &actor);
	socket_send(&record, SECD_SOCKET_DATAGRAM, bpf_ktime_get_boot_ns());
	return 1;
}

#endif
