/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a TCP connection as its state changes tell it:
 *
 *   CLOSE → SYN_SENT        attempt (unless cgroup/connect told it)       CONNECTING
 *   SYN_SENT → ESTABLISHED                                                CONNECTED
 *   SYN_SENT → CLOSE        refused, timed out, given up                  FAILED
 *   SYN_RECV → ESTABLISHED  a handshake is done, nobody has accepted yet  (no record)
 *   CLOSE → LISTEN                                                        LISTENING
 *   any other → CLOSE       totals are final                              CLOSED
 *
 * Most of these happen in softirq, in the context of whatever runs there: the process is the
 * one in the socket's record, except for CLOSE → SYN_SENT and → LISTEN, which are system calls.
 */
#ifndef SECD_NET_TCP_H
#define SECD_NET_TCP_H

#include "use.h"

/* Linux ECANCELED: the process closed the socket before an answer came. */
#define SECD_ECANCELED 125

/* The storage is a clone of the listener's: of it only the creator is true here. */
static __always_inline void tcp_born(struct sock *sk, struct secd_socket_state *state, __u64 now)
{
	struct secd_socket_pending pending = {};
	struct secd_image creator = state->creator;

	__builtin_memset(state, 0, sizeof(*state));
	state->creator = creator;
	state->cookie = bpf_get_socket_cookie(sk);
	state->opened_ns = now;
	state->connected_ns = now;
	state->owner_unknown = SECD_OWNER_NOT_YET_USED;
	state->net_ns = sock_net_ns(sk);
	state->uid = kload(sk, sk_uid.val);
	state->flags = SECD_SOCKET_FLAG_INCOMING;
	state->marks = SECD_SOCKET_MARK_NOT_ACCEPTED | SECD_SOCKET_MARK_PENDING;
	pending.creator = creator;
	pending.opened_ns = now;
	if (bpf_map_update_elem(&secd_sockets_pending, &state->cookie, &pending, BPF_ANY)) {
		state->marks = SECD_SOCKET_MARK_NOT_ACCEPTED;
		count(SECD_COUNTER_MAP_FULL);
	}
}

/* Whether connect(2) itself will tell the error: it failed on the way out, before any answer. */
static __always_inline bool tcp_fails_in_call(struct sock *sk, __u16 error)
{
	return !error && kload(sk, sk_shutdown) != SECD_SHUTDOWN_MASK;
}

/* The attempt is over; connect(2), if it still waits or is asked again, must not tell it twice. */
static __always_inline void tcp_failed(struct secd_socket_state *state)
{
	struct secd_socket_pending pending = { .told = 1 };

	state->marks &= ~SECD_SOCKET_MARK_CONNECTING;
	state->connected_ns = 0;
	if (bpf_map_update_elem(&secd_sockets_pending, &state->cookie, &pending, BPF_ANY))
		count(SECD_COUNTER_MAP_FULL);
	else
		state->marks |= SECD_SOCKET_MARK_PENDING;
}

/* CLOSED, once: from the last state change, or from the release of one that never had any. */
static __always_inline bool tcp_ended(struct sock *sk, struct secd_socket_state *state)
{
	if (state->marks & SECD_SOCKET_MARK_CLOSED)
		return false;
	if (state->marks & SECD_SOCKET_MARK_NOT_ACCEPTED)
		use_accepted(state); /* never used: the acceptor is known all the same */
	socket_pending_end(state);
	state->marks |= SECD_SOCKET_MARK_CLOSED;
	return true;
}

/* An attempt through this socket begins; false if it has been told. */
static __always_inline bool tcp_attempt(struct secd_socket_state *state, __u64 now)
{
	if (state->marks & SECD_SOCKET_MARK_CONNECTING)
		return false;
	socket_pending_end(state);
	state->marks &= ~SECD_SOCKET_MARK_CLOSED;
	state->marks |= SECD_SOCKET_MARK_CONNECTING;
	state->connected_ns = now;
	return true;
}

static __always_inline int tcp_changed(struct sock *sk, struct secd_socket_state *state, int old,
				       int next, __u64 now)
{
	struct secd_socket record = {};
	struct actor actor;
	__u32 event;

	if (next == SECD_TCP_ESTABLISHED) {
		event = SECD_SOCKET_CONNECTED;
		record_state(&record, state); /* with the time of the attempt */
		state->marks &= ~SECD_SOCKET_MARK_CONNECTING;
		state->connected_ns = now;
	} else if (next == SECD_TCP_SYN_SENT) {
		event = SECD_SOCKET_CONNECTING;
		record_state(&record, state);
		record.tid = kload(bpf_get_current_task_btf(), pid);
	} else if (next == SECD_TCP_LISTEN) {
		event = SECD_SOCKET_LISTENING;
		actor_read(&actor, bpf_get_current_task_btf());
		record_state(&record, state);
		record_actor(&record, &actor);
		record.backlog = kload(sk, sk_max_ack_backlog);
	} else if (old == SECD_TCP_SYN_RECV && !(state->marks & SECD_SOCKET_MARK_CONNECTING)) {
		return 0; /* a handshake that came to nothing: no process ever had this socket */
	} else {
		record.error = kload(sk, sk_err);
		if (state->marks & SECD_SOCKET_MARK_CONNECTING) {
			if (tcp_fails_in_call(sk, record.error))
				return 0;
			event = SECD_SOCKET_FAILED;
			record_state(&record, state);
			tcp_failed(state);
			if (!record.error)
				record.error = SECD_ECANCELED;
		} else {
			event = SECD_SOCKET_CLOSED;
			if (!tcp_ended(sk, state))
				return 0;
			record_state(&record, state);
			tcp_totals(&record, sk);
			if (record.error)
				record.flags |= SECD_SOCKET_FLAG_RESET;
		}
	}
	sock_describe(&record, sk);
	record.state = next; /* the tracepoint comes before the change */
	socket_send(&record, event, now);
	return 0;
}

static __always_inline int tcp_state_changed(struct sock *sk, int old, int next)
{
	struct secd_socket_state *state;
	__u64 now;

	if (next != SECD_TCP_ESTABLISHED && next != SECD_TCP_CLOSE && next != SECD_TCP_SYN_SENT &&
	    next != SECD_TCP_LISTEN)
		return 0;
	if (kload(sk, sk_protocol) != SECD_IPPROTO_TCP)
		return 0;
	state = state_of_sock(sk);
	if (!state)
		return 0;
	now = bpf_ktime_get_boot_ns();
	if (next == SECD_TCP_ESTABLISHED && !(state->marks & SECD_SOCKET_MARK_CONNECTING)) {
		tcp_born(sk, state, now);
		return 0;
	}
	if (next == SECD_TCP_SYN_SENT && !tcp_attempt(state, now))
		return 0;
	return tcp_changed(sk, state, old, next, now);
}

#endif
