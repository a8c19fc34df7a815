/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IP sockets in the context of the process: created, bound, about to connect, released. The
 * programs of the root cgroup see this whatever call made it, io_uring included; where fentry
 * works it shows the same.
 */
#ifndef SECD_NET_INET_H
#define SECD_NET_INET_H

#include "tcp.h"

/* `state` was just made. The cookie is made now too, because a program that has only a
 * descriptor can read it, but not make it. */
static __always_inline void inet_created(struct sock *sk, struct secd_socket_state *state,
					 __u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_socket record = {};
	struct actor actor;
	__u64 now;

	if (!state) {
		count(SECD_COUNTER_STORAGE_FULL);
		return;
	}
	if (!actor_watched(task)) {
		state->marks = SECD_SOCKET_MARK_IGNORED;
		return;
	}
	now = bpf_ktime_get_boot_ns();
	actor_read(&actor, task);
	state_created(state, &actor, now);
	state->cookie = cookie;
	state->inode = socket_inode(kload(sk, sk_socket));
	record_state(&record, state);
	record.tid = actor.tid;
	sock_describe(&record, sk);
	socket_send(&record, SECD_SOCKET_CREATED, now);
}

static __always_inline void inet_bound(struct sock *sk, struct secd_socket_state *state)
{
	struct secd_socket record = {};
	struct actor actor;

	if (!state || (state->marks & SECD_SOCKET_MARK_IGNORED))
		return;
	actor_read(&actor, bpf_get_current_task_btf());
	sock_describe(&record, sk);
	record_state(&record, state);
	record_actor(&record, &actor);
	socket_send(&record, SECD_SOCKET_BOUND, bpf_ktime_get_boot_ns());
}

/*
 * TCP, before anything is sent, also when another program or the route will refuse. connect(2)
 * of the others sends nothing: it is told by its outcome alone.
 */
static __always_inline int inet_connecting(struct bpf_sock_addr *ctx, bool ip6)
{
	struct secd_socket_state *state = socket_state(ctx->sk);
	struct secd_socket record = {};
	struct actor actor;
	__u64 now;

	if (!state || (state->marks & SECD_SOCKET_MARK_IGNORED))
		return 1;
	now = bpf_ktime_get_boot_ns();
	if (ctx->protocol != SECD_IPPROTO_TCP) {
		state->connected_ns = now;
		return 1;
	}
	state->marks &= ~SECD_SOCKET_MARK_CONNECTING; /* left by an attempt that never went out */
	tcp_attempt(state, now);
	actor_read(&actor, bpf_get_current_task_btf());
	record.family = ctx->family;
	record.type = ctx->type;
	record.protocol = ctx->protocol;
	record.state = SECD_TCP_CLOSE;
	if (ip6)
		context_address6(record.remote, ctx->user_ip6);
	else
		address_set4(record.remote, ctx->user_ip4);
	record.remote_port = host_order(ctx->user_port);
	record.local_port = ctx->sk->src_port;
	record_state(&record, state);
	record_actor(&record, &actor);
	socket_send(&record, SECD_SOCKET_CONNECTING, now);
	return 1;
}

/*
 * The last descriptor is gone. A TCP connection lives on until its last state change; all
 * others end here.
 */
static __always_inline void inet_released(struct sock *sk, struct secd_socket_state *state)
{
	struct secd_socket record = {};

	if (!state || (state->marks & (SECD_SOCKET_MARK_IGNORED | SECD_SOCKET_MARK_CLOSED)))
		return;
	if (kload(sk, sk_protocol) == SECD_IPPROTO_TCP &&
	    kload(sk, __sk_common.skc_state) != SECD_TCP_CLOSE)
		return;
	socket_pending_end(state);
	if (state->marks & SECD_SOCKET_MARK_CONNECTING)
		state->connected_ns = 0; /* the attempt never went out */
	state->marks |= SECD_SOCKET_MARK_CLOSED;
	sock_describe(&record, sk);
	record_state(&record, state);
	record_totals(&record, state);
	record.tid = kload(bpf_get_current_task_btf(), pid);
	socket_send(&record, SECD_SOCKET_CLOSED, bpf_ktime_get_boot_ns());
}

#endif
