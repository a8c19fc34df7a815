/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets older than the daemon. Whoever holds a descriptor when the iterator passes is a user
 * of it; who made it is not known and stays so.
 */
#ifndef SECD_NET_SEED_H
#define SECD_NET_SEED_H

#include "../lib/descriptor.h"
#include "name.h"

/* The record of a holder's socket: the first holder is its user, all are told. */
static __always_inline struct secd_socket_state *seed_state(struct sock *sk, struct socket *socket,
							    const struct actor *actor)
{
	bool ip = family_is_ip(kload(sk, __sk_common.skc_family));
	__u64 inode = socket_inode(socket), cookie = 0;
	struct secd_socket_state *state;

	if (ip) {
		cookie = bpf_get_socket_cookie(sk);
		state = state_find(cookie);
	} else {
		state = state_by_inode(inode);
	}
	if (!state) {
		state = ip ? state_make(cookie) : state_by_inode_make(sk, inode);
		if (!state)
			return NULL;
		state_unseen(state, sk);
		if (ip)
			state_of(state, sk, sk);
	}
	state->inode = inode;
	if (!state->user_key) { /* no hook and no other holder was first */
		state_set_user(state, actor);
		state->users[0] = actor->key;
	}
	return state;
}

static __always_inline int socket_seeded(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct secd_socket_state *state;
	struct secd_socket_seed *seed;
	struct secd_scratch *scratch;
	struct secd_socket *record;
	struct socket *socket;
	struct actor actor;
	struct sock *sk;

	if (!task || !file || kload(task, pid) != kload(task, tgid) || !actor_watched(task))
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	actor_of(&actor, task);
	state = seed_state(sk, socket, &actor);
	if (!state)
		return 0;
	record = record_claim(&scratch);
	if (!record)
		return 0;
	seed = (struct secd_socket_seed *)record;
	__builtin_memset(seed->path, 0, sizeof(seed->path));
	record_state(record, state);
	record->user = actor.image;
	record->tid = actor.tid;
	record->event = SECD_SOCKET_SEEDED;
	sock_describe(record, sk);
	if (record->family == SECD_AF_UNIX)
		record->path_length = unix_own_name(seed->path, record, sk);
	bpf_seq_write(ctx->meta->seq, seed, sizeof(*seed));
	scratch_release(scratch);
	return 0;
}

#endif
