/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IP sockets in the context of the process: created, bound, accepted, the outcome of a connect
 * that no state change tells, released. Bodies for hooks that see every caller, and for system
 * calls, where the socket was found by its descriptor and its pointer is not trusted.
 */
#ifndef SECD_NET_INET_H
#define SECD_NET_INET_H

#include "tcp.h"

/* include/uapi/asm-generic/errno.h and include/linux/errno.h: not outcomes of a connect. */
#define SECD_EINTR                 4
#define SECD_EISCONN               106
#define SECD_EALREADY              114
#define SECD_EINPROGRESS           115
#define SECD_ERESTARTSYS           512 /* to 516: the call is restarted or returns EINTR */
#define SECD_ERESTART_RESTARTBLOCK 516

static __always_inline bool connect_has_outcome(long result)
{
	return result != -SECD_EINPROGRESS && result != -SECD_EALREADY && result != -SECD_EISCONN &&
	       result != -SECD_EINTR &&
	       !(result <= -SECD_ERESTARTSYS && result >= -SECD_ERESTART_RESTARTBLOCK);
}

/* The cookie is made now, because a program that has only a descriptor can read it, not make it. */
static __always_inline void inet_created(struct sock *sk, __u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_socket record = {};
	struct secd_socket_state *state;
	struct actor actor = {};
	__u64 now;

	if (!actor_watched(task))
		return;
	now = bpf_ktime_get_boot_ns();
	actor_read(&actor);
	state = state_make(cookie);
	if (state) {
		state_created(state, &actor, now);
		state->protocol = kload(sk, sk_protocol);
		state->inode = socket_inode(kload(sk, sk_socket));
		state_of(state, sk, sk);
		record_state(&record, state);
		record.tid = actor.tid;
	} else {
		record_actor(&record, &actor);
		record.creator = actor.image;
		record.cookie = cookie;
		record.opened_ns = now;
	}
	sock_describe(&record, sk);
	socket_send(&record, SECD_SOCKET_CREATED, now);
}

static __always_inline void inet_bound(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_socket_state *state = state_in_use(sk, sock_cookie(sk), task);
	struct secd_socket record = {};

	if (!state)
		return;
	use_by(sk, state, task);
	sock_describe(&record, sk);
	record_state(&record, state);
	record.tid = kload(task, pid);
	socket_send(&record, SECD_SOCKET_BOUND, bpf_ktime_get_boot_ns());
}

/* Whether the outcome is told by somebody else, or is none. */
static __always_inline bool inet_connect_is_told(struct sock *sk, struct secd_socket_state *state,
						 long result)
{
	bool given_up = kload(sk, __sk_common.skc_state) == SECD_TCP_CLOSE;

	if (kload(sk, sk_protocol) != SECD_IPPROTO_TCP)
		return result == 0 && given_up; /* connect(AF_UNSPEC): nothing is connected any more */
	if (result == 0)                        /* the same for TCP: an attempt may have been on its way */
		return !given_up || !state || !(state->marks & SECD_SOCKET_MARK_CONNECTING);
	if (!state || !(state->marks & SECD_SOCKET_MARK_FAILED))
		return false;
	state->marks &= ~SECD_SOCKET_MARK_FAILED; /* the state change told it */
	return true;
}

/*
 * Outcomes that no state change tells: UDP, and TCP that failed before a packet went.
 * `address` is the caller's sockaddr: a failed connect leaves none in the socket.
 */
static __always_inline void inet_connect_ended(struct sock *sk, struct task_struct *task,
					       const void *address, bool user, long result)
{
	struct secd_socket_state *state;
	struct secd_socket record = {};
	__u8 copy[24] = {};

	if (result == 0 && kload(sk, sk_protocol) == SECD_IPPROTO_TCP &&
	    kload(sk, __sk_common.skc_state) != SECD_TCP_CLOSE)
		return; /* the usual case, before anything is looked up */
	state = state_in_use(sk, sock_cookie(sk), task);
	if (!state || inet_connect_is_told(sk, state, result))
		return;
	use_by(sk, state, task);
	sock_describe(&record, sk);
	if (result < 0 && !(user ? bpf_probe_read_user(copy, sizeof(copy), address) :
				   bpf_probe_read_kernel(copy, sizeof(copy), address))) {
		record.remote_port = host_order(*(__be16 *)(copy + 2));
		if (record.family == SECD_AF_INET6)
			__builtin_memcpy(record.remote, copy + 8, 16);
		else
			__builtin_memcpy(record.remote, copy + 4, 4);
	}
	record_state(&record, state);
	if (!(state->marks & SECD_SOCKET_MARK_CONNECTING))
		record.connected_ns = 0; /* no attempt went out: there is no time between */
	state->marks &= ~SECD_SOCKET_MARK_CONNECTING;
	record.tid = kload(task, pid);
	record.error = -result;
	if (record.protocol == SECD_IPPROTO_TCP) {
		state->connected_ns = 0;
		if (result == 0)
			record.error = SECD_ECANCELED;
		socket_send(&record, SECD_SOCKET_FAILED, bpf_ktime_get_boot_ns());
		return;
	}
	socket_send(&record, result ? SECD_SOCKET_FAILED : SECD_SOCKET_CONNECTED,
		    bpf_ktime_get_boot_ns());
}

/* `listener` may be NULL. */
static __always_inline void inet_accepted(struct sock *sk, struct sock *listener,
					  struct task_struct *task)
{
	__u64 cookie = sock_cookie(sk), now;
	struct secd_socket_state *state = cookie ? state_find(cookie) : NULL, *from = NULL;
	struct secd_socket record = {};
	struct actor actor = {};

	if (!actor_watched(task)) {
		if (state)
			state_end(cookie); /* the daemon's own API, or somebody out of scope */
		return;
	}
	if (state && !(state->marks & SECD_SOCKET_MARK_NOT_ACCEPTED))
		return; /* a use was quicker: another thread guessed the descriptor */
	now = bpf_ktime_get_boot_ns();
	actor_read(&actor);
	if (!state && cookie) {
		/* With a cgroup scope its birth was not for us, or there was no room. */
		state = state_make(cookie);
		if (state) {
			state->opened_ns = now;
			state->connected_ns = now;
			state->net_ns = actor.net_ns;
			state->flags = SECD_SOCKET_FLAG_INCOMING;
			state->protocol = SECD_IPPROTO_TCP;
			state_of(state, sk, sk);
		}
	}
	if (listener)
		from = state_find(sock_cookie(listener));
	if (from)
		use_by(listener, from, task);
	if (state) {
		state->marks &= ~SECD_SOCKET_MARK_NOT_ACCEPTED;
		state_set_user(state, &actor);
		state->acceptor = actor.image;
		if (from)
			state->creator = from->creator;
		state->users[0] = actor.key;
		state->inode = socket_inode(kload(sk, sk_socket));
		record_state(&record, state);
		record.tid = actor.tid;
	} else {
		record_actor(&record, &actor);
		record.acceptor = actor.image;
		record.cookie = cookie;
		record.flags = SECD_SOCKET_FLAG_INCOMING;
		record.inode = socket_inode(kload(sk, sk_socket));
	}
	sock_describe(&record, sk);
	socket_send(&record, SECD_SOCKET_ACCEPTED, now);
}

/*
 * The last descriptor is gone. A TCP connection lives on until its last state change; all
 * others end here.
 */
static __always_inline void inet_released(struct sock *sk)
{
	__u64 cookie = sock_cookie(sk);
	struct secd_socket_state *state;
	struct secd_socket record = {};

	if (!cookie || (kload(sk, sk_protocol) == SECD_IPPROTO_TCP &&
			kload(sk, __sk_common.skc_state) != SECD_TCP_CLOSE))
		return;
	state = state_find(cookie);
	if (!state)
		return;
	if (!(state->marks & SECD_SOCKET_MARK_CLOSED)) {
		if (state->marks & SECD_SOCKET_MARK_CONNECTING)
			state->connected_ns = 0; /* the attempt never went out */
		sock_describe(&record, sk);
		record_state(&record, state);
		record_totals(&record, state);
		record.tid = kload(bpf_get_current_task_btf(), pid);
		socket_send(&record, SECD_SOCKET_CLOSED, bpf_ktime_get_boot_ns());
	}
	state_end(cookie);
}

#endif
