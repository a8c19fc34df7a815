/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets older than the daemon. Whoever holds a descriptor when the iterator passes is a user
 * of it; who made it is not known and stays so.
 */
#ifndef SECD_NET_SEED_H
#define SECD_NET_SEED_H

#include "../lib/descriptor.h"
#include "other.h"

static __always_inline void seed_user(struct secd_socket_state *state, struct task_struct *task)
{
	struct actor actor;

	actor_read(&actor, task);
	if (state->user_key)
		return; /* a hook or another holder was first */
	state_set_user(state, &actor);
	state->users[0] = actor.key;
	state->net_ns = actor.net_ns;
}

static __always_inline int socket_seeded(struct bpf_iter__task_file *ctx)
{
	struct secd_socket_state *state;
	struct secd_socket record = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;

	if (!task || !file || kload(task, pid) != kload(task, tgid) ||
	    (__u32)kload(task, tgid) == secd_agent.pid || !task_in_scope(task))
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	if (family_is_ip(kload(sk, __sk_common.skc_family))) {
		state = socket_state(sk);
		if (!state) {
			state = state_create_unseen(sk);
			if (state)
				state->marks = 0; /* the holder's scope is what counts */
		}
	} else {
		__u64 inode = socket_inode(socket);

		state = state_by_inode(inode);
		if (!state)
			state = state_by_inode_create(inode);
	}
	if (!state)
		return 0;
	seed_user(state, task);
	state->inode = socket_inode(socket);
	record_state(&record, state);
	actor_image(&record.user, task); /* every holder is told; the first is the user */
	sock_describe(&record, sk);
	record.tid = kload(task, pid);
	record.event = SECD_SOCKET_SEEDED;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

#endif
