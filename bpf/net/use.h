/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who uses a socket: every call on it is compared with the last user. Descriptors travel by fork,
 * exec, SCM_RIGHTS and pidfd_getfd, and none of these has a hook everywhere; the first use has one.
 */
#ifndef SECD_NET_USE_H
#define SECD_NET_USE_H

#include "name.h"

/* Whether this socket has had this user before; if not, it is remembered. */
static __always_inline bool use_remembered(struct secd_socket_state *state, __u64 key)
{
	__u32 slot;
	int i;

#pragma unroll
	for (i = 0; i < SECD_SOCKET_USERS; i++)
		if (state->users[i] == key)
			return true;
	slot = ++state->handovers & (SECD_SOCKET_USERS - 1);
	bounded(slot, SECD_SOCKET_USERS - 1);
	state->users[slot] = key;
	return false;
}

/*
 * What the first use by another process means. A connection that nobody has accepted by a system
 * call was accepted through io_uring: that is told now, by whom is not known.
 */
static __always_inline __u32 use_event(struct secd_socket_state *state, __u64 before, __u64 key)
{
	__u32 marks = state->marks;

	state->marks = marks & ~SECD_SOCKET_MARK_NOT_ACCEPTED;
	if (!(marks & SECD_SOCKET_MARK_NOT_ACCEPTED) && before)
		return SECD_SOCKET_HANDED_OVER;
	state->users[0] = key;
	return marks & SECD_SOCKET_MARK_NOT_ACCEPTED ? SECD_SOCKET_ACCEPTED : SECD_SOCKET_SEEDED;
}

/* A task that is not the last user does something with the socket. */
static __noinline int use_changed(struct sock *sk, struct secd_socket_state *state,
				  struct task_struct *task, __u64 key)
{
	struct secd_scratch *scratch;
	struct secd_socket *record;
	struct secd_image previous;
	struct actor actor = {};
	__u64 before;
	__u32 event, length = 0;

	if (!state)
		return 0;
	before = state->user_key;
	/* Threads of the new user come here at once: the one that writes the key tells. */
	if (before == key || __sync_val_compare_and_swap(&state->user_key, before, key) != before)
		return 0;
	event = use_event(state, before, key);
	previous = state->user;
	actor_read(&actor);
	state_set_user(state, &actor);
	if (event == SECD_SOCKET_HANDED_OVER) {
		if (use_remembered(state, key))
			return 0;
		if (state->handovers > SECD_HANDOVERS_MAX) {
			state->flags |= SECD_SOCKET_FLAG_USER_LIMIT;
			return 0;
		}
	}
	if (!state->inode)
		state->inode = socket_inode(kload(sk, sk_socket));
	if (!socket_event_wanted(event))
		return 0;
	record = record_claim(&scratch);
	if (!record)
		return 0;
	record_state(record, state);
	record->previous = previous;
	record->tid = actor.tid;
	record->event = event;
	sock_describe(record, sk);
	if (record->family == SECD_AF_UNIX)
		length = unix_own_name((__u8 *)(record + 1), record, sk);
	record_release(scratch, length, bpf_ktime_get_boot_ns());
	return 0;
}

/* `task`, the running one, uses the socket. */
static __always_inline void use_by(struct sock *sk, struct secd_socket_state *state,
				   struct task_struct *task)
{
	__u64 key = actor_key(task);

	if (key != state->user_key)
		use_changed(sk, state, task, key);
}

#endif
