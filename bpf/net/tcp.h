/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a TCP connection as its state changes tell it:
 *
 *   CLOSE → SYN_SENT        attempt                                       CONNECTING
 *   SYN_SENT → ESTABLISHED                                                CONNECTED
 *   SYN_SENT → CLOSE        refused, timed out, given up                  FAILED
 *   SYN_RECV → ESTABLISHED  a connection is born, nobody has it yet       (no record)
 *   LISTEN → SYN_RECV       the same where it may be accepted right away  (no record)
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

/*
 * A connection that a listener was asked for. Whose it is shows at accept. A cgroup scope cannot
 * be tested without a process: with one, such a connection is told from its accept on.
 */
static __always_inline void tcp_born(struct sock *sk)
{
	struct secd_socket_state *state;
	__u32 net_ns = sock_net_ns(sk);

	if (secd_agent.cgroup_scope || (secd_agent.net_scope && secd_agent.net_scope != net_ns))
		return;
	state = state_make(bpf_get_socket_cookie(sk));
	if (!state)
		return;
	state->opened_ns = bpf_ktime_get_boot_ns();
	state->connected_ns = state->opened_ns;
	state->owner_unknown = SECD_OWNER_NOT_YET_USED;
	state->net_ns = net_ns;
	state->uid = kload(sk, sk_uid.val);
	state->flags = SECD_SOCKET_FLAG_INCOMING;
	if (!kload(sk, sk_socket))
		state->marks = SECD_SOCKET_MARK_NOT_ACCEPTED;
	state->protocol = SECD_IPPROTO_TCP;
	state_of(state, sk, sk);
}

/* An attempt begins: a system call, so the actor is at hand. */
static __always_inline void tcp_attempt(struct sock *sk, struct secd_socket_state *state,
					struct secd_socket *record, __u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();

	use_by(sk, state, task);
	state->marks &= ~(SECD_SOCKET_MARK_CLOSED | SECD_SOCKET_MARK_FAILED);
	state->marks |= SECD_SOCKET_MARK_CONNECTING;
	state->connected_ns = now;
	record_state(record, state);
	record->tid = kload(task, pid);
}

/*
 * The end of an attempt that was given up or refused. False where connect(2) itself will tell:
 * it failed on the way out, before any answer.
 */
static __always_inline bool tcp_failed(struct sock *sk, struct secd_socket_state *state,
				       struct secd_socket *record)
{
	record->error = kload(sk, sk_err);
	if (!record->error && kload(sk, sk_shutdown) != SECD_SHUTDOWN_MASK)
		return false;
	if (!record->error)
		record->error = SECD_ECANCELED;
	record_state(record, state); /* with the time of the attempt */
	state->marks &= ~SECD_SOCKET_MARK_CONNECTING;
	state->marks |= SECD_SOCKET_MARK_FAILED;
	state->connected_ns = 0;
	return true;
}

/* The last state change of a connection, or of a listener. */
static __always_inline void tcp_ended(struct sock *sk, struct secd_socket_state *state,
				      struct secd_socket *record)
{
	state->marks |= SECD_SOCKET_MARK_CLOSED;
	record_state(record, state);
	tcp_totals(record, sk);
	record->error = kload(sk, sk_err);
	if (record->error)
		record->flags |= SECD_SOCKET_FLAG_RESET;
}

/*
 * Whether nothing can come after the last state change. close(2) shuts both ways before anything
 * else; from other states than these the process may have done so itself, and has the descriptor
 * still. Then the release will be seen, or the audit finds the entry.
 */
static __always_inline bool tcp_has_no_descriptor(struct sock *sk, int old)
{
	return !kload(sk, sk_socket) ||
	       (kload(sk, sk_shutdown) == SECD_SHUTDOWN_MASK &&
		(old == SECD_TCP_ESTABLISHED || old == SECD_TCP_SYN_SENT ||
		 old == SECD_TCP_CLOSE_WAIT || old == SECD_TCP_LISTEN));
}

static __always_inline int tcp_changed(struct sock *sk, struct secd_socket_state *state, int old,
				       int new)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 key = state->cookie;
	struct secd_socket record = {};
	bool ends = false;
	__u32 event;

	if (new == SECD_TCP_ESTABLISHED) {
		if (!(state->marks & SECD_SOCKET_MARK_CONNECTING))
			return 0;
		event = SECD_SOCKET_CONNECTED;
		record_state(&record, state); /* with the time of the attempt */
		state->marks &= ~SECD_SOCKET_MARK_CONNECTING;
		state->connected_ns = now;
	} else if (new == SECD_TCP_SYN_SENT) {
		event = SECD_SOCKET_CONNECTING;
		tcp_attempt(sk, state, &record, now);
	} else if (new == SECD_TCP_LISTEN) {
		event = SECD_SOCKET_LISTENING;
		use_by(sk, state, bpf_get_current_task_btf());
		state->marks &= ~SECD_SOCKET_MARK_CLOSED;
		record_state(&record, state);
		record.tid = kload(bpf_get_current_task_btf(), pid);
		record.backlog = kload(sk, sk_max_ack_backlog);
	} else {
		ends = tcp_has_no_descriptor(sk, old);
		if (state->marks & SECD_SOCKET_MARK_CONNECTING) {
			event = SECD_SOCKET_FAILED;
			if (!tcp_failed(sk, state, &record))
				return 0;
		} else if (old == SECD_TCP_SYN_RECV && (state->marks & SECD_SOCKET_MARK_NOT_ACCEPTED)) {
			state_end(key); /* a handshake that came to nothing: it was nobody's */
			return 0;
		} else {
			event = SECD_SOCKET_CLOSED;
			if (state->marks & SECD_SOCKET_MARK_CLOSED)
				return 0;
			tcp_ended(sk, state, &record);
		}
	}
	sock_describe(&record, sk);
	record.state = new; /* the tracepoint comes before the change */
	socket_send(&record, event, now);
	if (!ends)
		return 0;
	if (event == SECD_SOCKET_FAILED) { /* closed while it waited for an answer */
		tcp_ended(sk, state, &record);
		socket_send(&record, SECD_SOCKET_CLOSED, now);
	}
	state_end(key);
	return 0;
}

/*
 * Fast open hands a connection out before its handshake is done. It is a copy of its listener, on
 * older kernels with the listener's cookie at this point (inet_csk_clone_lock sets the state first):
 * there its birth waits for the accept, whose hook can make a cookie.
 */
static __always_inline bool tcp_born_early(struct sock *sk)
{
	struct inet_connection_sock *copy = kcast(inet_connection_sock, sk);

	return kload(copy, icsk_accept_queue.fastopenq.max_qlen) && !state_find(sock_cookie(sk));
}

/* The other changes are steps of a handshake or of a close that is known already. */
static __always_inline bool tcp_tells(int old, int new)
{
	switch (new) {
	case SECD_TCP_ESTABLISHED:
	case SECD_TCP_CLOSE:
	case SECD_TCP_SYN_SENT:
	case SECD_TCP_LISTEN:
		return true;
	case SECD_TCP_SYN_RECV:
		return old == SECD_TCP_LISTEN;
	default:
		return false;
	}
}

static __always_inline int tcp_state_changed(struct sock *sk, int old, int new)
{
	struct secd_socket_state *state;

	if (!tcp_tells(old, new))
		return 0;
	if (kload(sk, sk_protocol) != SECD_IPPROTO_TCP)
		return 0;
	if (new == SECD_TCP_SYN_RECV) {
		if (tcp_born_early(sk))
			tcp_born(sk);
		return 0;
	}
	if (new == SECD_TCP_SYN_SENT || new == SECD_TCP_LISTEN)
		state = state_in_use(sk, bpf_get_socket_cookie(sk), bpf_get_current_task_btf());
	else
		state = state_find(sock_cookie(sk));
	if (state)
		return tcp_changed(sk, state, old, new);
	if (new == SECD_TCP_ESTABLISHED && old == SECD_TCP_SYN_RECV)
		tcp_born(sk);
	return 0;
}

#endif
