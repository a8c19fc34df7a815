/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the record of a socket lives.
 *
 * IP sockets: socket storage. It costs one helper, dies with the socket, is found again from a
 * packet (skb->sk), and BPF_F_CLONE carries it from a listener to what it accepts.
 * Other families: no hook here sees all of them with a pointer that the verifier trusts, so a
 * map by inode number. It forgets the longest unused; forgotten means "owner unknown".
 */
#ifndef SECD_NET_STATE_H
#define SECD_NET_STATE_H

#include "../lib/actor.h"
#include "../lib/sock.h"

/* Sockets of other families than IP that one machine has open: some thousands. */
#define SECD_SOCKETS_BY_INODE  16384
/* Connections that were shaken hands with and not yet used by who accepted them. */
#define SECD_SOCKETS_PENDING   32768

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct secd_socket_state);
} secd_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SECD_SOCKETS_BY_INODE);
	__type(key, __u64);
	__type(value, struct secd_socket_state);
} secd_sockets_by_inode SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SECD_SOCKETS_PENDING);
	__type(key, __u64);
	__type(value, struct secd_socket_pending);
} secd_sockets_pending SEC(".maps");

/* Macro, not function: the pointer may be a struct sock or a context, both trusted. */
#define socket_state(sk) bpf_sk_storage_get(&secd_sockets, sk, NULL, 0)
#define socket_state_create(sk) \
	bpf_sk_storage_get(&secd_sockets, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE)

static __always_inline struct secd_socket_pending *socket_pending(__u64 cookie)
{
	return bpf_map_lookup_elem(&secd_sockets_pending, &cookie);
}

static __always_inline void socket_pending_end(struct secd_socket_state *state)
{
	if (!(state->marks & SECD_SOCKET_MARK_PENDING))
		return;
	state->marks &= ~SECD_SOCKET_MARK_PENDING;
	bpf_map_delete_elem(&secd_sockets_pending, &state->cookie);
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

/*
 * A socket whose creation was not seen. Nobody is guessed: the first who uses it becomes its
 * user, its creator stays unknown. A cgroup scope cannot be tested without a process: with one,
 * such a socket is told only if the first that is seen of it is a use by somebody inside.
 */
static __always_inline void state_unseen(struct secd_socket_state *state, struct sock *sk)
{
	state->net_ns = sock_net_ns(sk);
	state->uid = kload(sk, sk_uid.val);
	state->owner_unknown = SECD_OWNER_BEFORE_START;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock))
		state->owner_unknown = SECD_OWNER_NO_PROCESS;
	if (secd_agent.cgroup_scope ||
	    (secd_agent.net_scope && secd_agent.net_scope != state->net_ns))
		state->marks = SECD_SOCKET_MARK_IGNORED;
}

static __always_inline struct secd_socket_state *state_create_unseen(struct sock *sk)
{
	struct secd_socket_state *state = socket_state_create(sk);

	if (!state) {
		count(SECD_COUNTER_STORAGE_FULL);
		return NULL;
	}
	state_unseen(state, sk);
	state->cookie = bpf_get_socket_cookie(sk);
	return state;
}

/* The record of an IP socket in any context; NULL = not to be told about. */
static __always_inline struct secd_socket_state *state_of_sock(struct sock *sk)
{
	struct secd_socket_state *state = socket_state(sk);

	if (!state)
		state = state_create_unseen(sk);
	if (!state || (state->marks & SECD_SOCKET_MARK_IGNORED))
		return NULL;
	return state;
}

#endif
