/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who uses a socket: every send and receive is compared with the last user. Descriptors travel
 * by fork, exec, SCM_RIGHTS and pidfd_getfd, and none of these has a hook everywhere; the first
 * use has one.
 */
#ifndef SECD_NET_USE_H
#define SECD_NET_USE_H

#include "other.h"

/*
 * First use after accept: what accept(2) left in the map by cookie goes into socket storage.
 * No entry means that accept was not a system call (io_uring): that it was accepted is told
 * now, by whom is not known.
 */
static __always_inline bool use_accepted(struct secd_socket_state *state)
{
	struct secd_socket_pending *pending = socket_pending(state->cookie);

	state->marks &= ~SECD_SOCKET_MARK_NOT_ACCEPTED;
	if (!pending || !pending->acceptor.pid) {
		if (pending)
			pending->told = 1;
		return false;
	}
	state->acceptor = pending->acceptor;
	state->user = pending->acceptor;
	state->user_key = pending->acceptor_key;
	state->users[0] = pending->acceptor_key;
	state->uid = pending->acceptor_uid;
	state->cgroup_id = pending->acceptor_cgroup;
	state->inode = pending->inode;
	state->owner_unknown = SECD_OWNER_KNOWN;
	socket_pending_end(state);
	return true;
}

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

/* A task that is not the last user sends or receives. */
static __always_inline void use_changed(struct sock *sk, struct secd_socket_state *state,
					struct task_struct *task, __u64 key)
{
	struct secd_socket record = {};
	struct other_event what = {};
	struct actor actor;
	__u32 event = SECD_SOCKET_HANDED_OVER;
	__u64 before;

	if ((state->marks & SECD_SOCKET_MARK_NOT_ACCEPTED) && !use_accepted(state))
		event = SECD_SOCKET_ACCEPTED;
	before = state->user_key;
	/* Threads of the new user come here at once: the one that writes the key tells. */
	if (before == key || __sync_val_compare_and_swap(&state->user_key, before, key) != before)
		return;
	record.previous = state->user;
	actor_read(&actor, task);
	state_set_user(state, &actor);
	if (!before && event != SECD_SOCKET_ACCEPTED)
		event = SECD_SOCKET_SEEDED; /* its first known user: nothing was handed over */
	if (use_remembered(state, key))
		return;
	if (state->handovers > SECD_HANDOVERS_MAX) {
		state->flags |= SECD_SOCKET_FLAG_USER_LIMIT;
		return;
	}
	if (kload(sk, __sk_common.skc_family) == SECD_AF_UNIX) {
		what.previous = record.previous;
		what.event = event;
		what.actor = &actor;
		other_send(sk, state, &what);
		return;
	}
	if (!state->inode)
		state->inode = socket_inode(kload(sk, sk_socket));
	record_state(&record, state);
	record.tid = actor.tid;
	sock_describe(&record, sk);
	socket_send(&record, event, bpf_ktime_get_boot_ns());
}

#endif
