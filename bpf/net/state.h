/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the record of a socket lives: one map for all families. The key is the socket cookie, which
 * a plain load finds whatever way a program came to the socket (socket storage wants a pointer
 * that the verifier trusts, and making it costs more than everything else that is done for a
 * connection). Families other than IP have no hook that could make a cookie: the inode number.
 *
 * Entries end with their socket; audit.h finds those whose end no hook showed. A socket without
 * an entry is the daemon's own, out of scope, or older than the programs and not used since.
 */
#ifndef SECD_NET_STATE_H
#define SECD_NET_STATE_H

#include "../lib/actor.h"
#include "../lib/sock.h"

/* Open sockets that are followed; memory is taken as they come (512 bytes each). Beyond it their
 * closes are not told, and the counter says how many. */
#define SECD_SOCKETS 32768

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SECD_SOCKETS);
	__type(key, __u64);
	__type(value, struct secd_socket_state);
} secd_sockets SEC(".maps");

/* To make an entry without 272 bytes of stack. */
static const struct secd_socket_state state_empty = {};

static __always_inline struct secd_socket_state *state_find(__u64 key)
{
	return bpf_map_lookup_elem(&secd_sockets, &key);
}

/* A fresh entry, whatever was there. */
static __always_inline struct secd_socket_state *state_make(__u64 key)
{
	struct secd_socket_state *state;

	if (bpf_map_update_elem(&secd_sockets, &key, &state_empty, BPF_ANY)) {
		count(SECD_COUNTER_STORAGE_FULL);
		return NULL;
	}
	state = state_find(key);
	if (state && !(key & SECD_SOCKET_KEY_INODE))
		state->cookie = key;
	return state;
}

static __always_inline void state_end(__u64 key)
{
	bpf_map_delete_elem(&secd_sockets, &key);
}

/* 0 where nobody has asked for it yet; programs with a trusted pointer make it (bpf_get_socket_cookie). */
static __always_inline __u64 sock_cookie(struct sock *sk)
{
	return kload(sk, __sk_common.skc_cookie.counter);
}

/* Last, because the audit leaves an entry alone until it has its object. */
static __always_inline void state_of(struct secd_socket_state *state, const void *object,
				     struct sock *sk)
{
	state->family = kload(sk, __sk_common.skc_family);
	state->type = kload(sk, sk_type);
	state->object = (__u64)object;
}

static __always_inline void state_set_user(struct secd_socket_state *state,
					   const struct actor *actor)
{
	state->user = actor->image;
	state->user_key = actor->key;
	state->uid = actor->uid;
	state->cgroup_id = actor->cgroup_id;
	state->owner_unknown = SECD_OWNER_KNOWN;
}

/* A new socket: its creator is its user. */
static __always_inline void state_created(struct secd_socket_state *state,
					  const struct actor *actor, __u64 now)
{
	state_set_user(state, actor);
	state->creator = actor->image;
	state->users[0] = actor->key;
	state->net_ns = actor->net_ns;
	state->opened_ns = now;
	state->flags = SECD_SOCKET_FLAG_TOTALS_EXACT | SECD_SOCKET_FLAG_PACKETS_KNOWN;
}

/* A socket whose creation was not seen. Nobody is guessed: the first who uses it becomes its
 * user, its creator stays unknown. */
static __always_inline void state_unseen(struct secd_socket_state *state, struct sock *sk)
{
	state->net_ns = sock_net_ns(sk);
	state->uid = kload(sk, sk_uid.val);
	state->owner_unknown = SECD_OWNER_BEFORE_START;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock))
		state->owner_unknown = SECD_OWNER_NO_PROCESS;
}

/* The record of an IP socket that the running process uses, made if nobody did. */
static __always_inline struct secd_socket_state *state_in_use(struct sock *sk, __u64 cookie,
							      struct task_struct *task)
{
	struct secd_socket_state *state = cookie ? state_find(cookie) : NULL;

	if (state || !cookie || !actor_watched(task))
		return state;
	state = state_make(cookie);
	if (!state)
		return NULL;
	state_unseen(state, sk);
	state_of(state, sk, sk);
	return state;
}

/* The same for another family. */
static __always_inline struct secd_socket_state *state_by_inode(__u64 inode)
{
	return inode ? state_find(inode | SECD_SOCKET_KEY_INODE) : NULL;
}

static __always_inline struct secd_socket_state *state_by_inode_make(struct sock *sk, __u64 inode)
{
	struct secd_socket_state *state;

	if (!inode)
		return NULL;
	state = state_make(inode | SECD_SOCKET_KEY_INODE);
	if (!state)
		return NULL;
	state->inode = inode;
	state_of(state, kload(sk, sk_socket), sk);
	return state;
}

#endif
