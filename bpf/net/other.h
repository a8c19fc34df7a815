/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets of other families than IP: Unix in full, the rest (packet, netlink, vsock, …) at
 * creation and close. Records by inode; bodies for hooks that give a struct sock that the
 * verifier does not trust, so everything here is a plain load.
 */
#ifndef SECD_NET_OTHER_H
#define SECD_NET_OTHER_H

#include "record.h"

/* Bytes of sockaddr_un before sun_path. */
#define SECD_UNIX_FAMILY_SIZE 2
#define SECD_AF_PACKET 17

/* To make an entry without 256 bytes of stack. */
static const struct secd_socket_state state_empty = {};

static __always_inline struct secd_socket_state *state_by_inode(__u64 inode)
{
	return bpf_map_lookup_elem(&secd_sockets_by_inode, &inode);
}

/* A fresh entry, whatever was there. */
static __always_inline struct secd_socket_state *state_by_inode_create(__u64 inode)
{
	struct secd_socket_state *state;

	if (bpf_map_update_elem(&secd_sockets_by_inode, &inode, &state_empty, BPF_ANY)) {
		count(SECD_COUNTER_MAP_FULL);
		return NULL;
	}
	state = state_by_inode(inode);
	if (state)
		state->inode = inode;
	return state;
}

/*
 * Appends a Unix name; `length` counts the family before it. An abstract name is all of its
 * bytes, a path ends at its terminator, and callers pass the whole of sun_path for it.
 */
static __always_inline __u32 unix_append(struct secd_scratch *scratch, struct secd_socket *record,
					 const char *name, __u32 length, bool user)
{
	__u8 *out = scratch->record + sizeof(*record);
	long result;

	if (length <= SECD_UNIX_FAMILY_SIZE)
		return 0;
	length -= SECD_UNIX_FAMILY_SIZE;
	if (length > SECD_UNIX_PATH_MAX)
		length = SECD_UNIX_PATH_MAX; /* the kernel adds a terminator to a full one */
	bounded(length, 127);
	result = user ? bpf_probe_read_user(out, length, name) :
			bpf_probe_read_kernel(out, length, name);
	if (result)
		return 0;
	if (out[0] == 0) {
		record->flags |= SECD_SOCKET_FLAG_ABSTRACT;
		return length;
	}
	out[length] = 0;
	result = bpf_probe_read_kernel_str(out, SECD_UNIX_PATH_MAX + 1, out);
	return result > 1 && result <= SECD_UNIX_PATH_MAX + 1 ? result - 1 : 0;
}

/* The name of this end, or of the other one: only one of two connected ends has a name. */
static __always_inline __u32 unix_append_own(struct secd_scratch *scratch,
					     struct secd_socket *record, struct sock *sk)
{
	struct unix_sock *end = kcast(unix_sock, sk);
	struct unix_address *address = kload(end, addr);
	struct sock *peer;

	if (!address) {
		peer = kload(end, peer);
		if (!peer)
			return 0;
		end = kcast(unix_sock, peer);
		address = kload(end, addr);
		if (!address)
			return 0;
	}
	address = kcast(unix_address, address);
	return unix_append(scratch, record,
			   (const char *)address + bpf_core_field_offset(struct unix_address, name) +
				   SECD_UNIX_FAMILY_SIZE,
			   kload(address, len), false);
}

struct other_event {
	struct secd_image previous;
	const struct actor *actor;     /* NULL: as the state says */
	const char *user_name;         /* sun_path of a failed connect, in user memory, */
	const char *kernel_name;       /* or the kernel's copy */
	__u32 name_length;             /* of the whole address */
	__u32 backlog;
	__u16 event;
	__u16 error;
	__u32 totals;
};

/* Unlike those of IP sockets these records have a tail and are built in scratch. */
static __always_inline void other_send(struct sock *sk, struct secd_socket_state *state,
				       const struct other_event *what)
{
	struct secd_scratch *scratch;
	struct secd_socket *record;
	__u32 length = 0;

	if (!socket_event_wanted(what->event))
		return;
	scratch = scratch_claim();
	if (!scratch)
		return;
	record = (struct secd_socket *)scratch->record;
	__builtin_memset(record, 0, sizeof(*record));
	if (state) {
		record_state(record, state);
		if (what->totals)
			record_totals(record, state);
	} else {
		record->inode = socket_inode(kload(sk, sk_socket));
	}
	if (what->actor)
		record_actor(record, what->actor);
	record->previous = what->previous;
	sock_describe(record, sk);
	if (state && state->protocol)
		record->protocol = state->protocol;
	record->error = what->error;
	record->backlog = what->backlog;
	record->event = what->event;
	if (what->user_name)
		length = unix_append(scratch, record, what->user_name, what->name_length, true);
	else if (what->kernel_name)
		length = unix_append(scratch, record, what->kernel_name, what->name_length, false);
	else if (record->family == SECD_AF_UNIX)
		length = unix_append_own(scratch, record, sk);
	record->path_length = length;
	bounded(length, 127);
	emit(&record->head, sizeof(*record) + length, SECD_KIND_SOCKET, SECD_RING_OBSERVATION,
	     bpf_ktime_get_boot_ns());
	scratch_release(scratch);
}

static __always_inline void other_created(struct sock *sk, struct task_struct *task,
					  __u16 protocol)
{
	struct other_event what = { .event = SECD_SOCKET_CREATED };
	struct secd_socket_state *state;
	struct actor actor;

	if (!actor_watched(task))
		return;
	state = state_by_inode_create(socket_inode(kload(sk, sk_socket)));
	if (!state)
		return;
	actor_read(&actor, task);
	state_created(state, &actor, bpf_ktime_get_boot_ns());
	state->protocol = protocol;
	what.actor = &actor;
	other_send(sk, state, &what);
}

/* BOUND, LISTENING, CONNECTING, CONNECTED or FAILED: what the running process did. */
static __always_inline void other_did(struct sock *sk, struct task_struct *task,
				      struct other_event *what)
{
	struct secd_socket_state *state;
	struct actor actor;

	if (!actor_watched(task))
		return;
	state = state_by_inode(socket_inode(kload(sk, sk_socket)));
	actor_read(&actor, task);
	if (state && what->event == SECD_SOCKET_CONNECTING)
		state->connected_ns = bpf_ktime_get_boot_ns();
	if (what->event == SECD_SOCKET_LISTENING)
		what->backlog = kload(sk, sk_max_ack_backlog);
	what->actor = &actor;
	other_send(sk, state, what);
	if (state && what->event == SECD_SOCKET_CONNECTED)
		state->connected_ns = bpf_ktime_get_boot_ns(); /* the record has the attempt's */
}

/* Before the name is looked up; also when another program will refuse. */
static __always_inline void unix_connecting(struct sock *sk, const void *address, __u32 length)
{
	struct other_event what = { .event = SECD_SOCKET_CONNECTING };

	what.kernel_name = (const char *)address + SECD_UNIX_FAMILY_SIZE;
	what.name_length = length;
	other_did(sk, bpf_get_current_task_btf(), &what);
}

static __always_inline void unix_accepted(struct sock *listener, struct sock *sk,
					  struct task_struct *task)
{
	struct other_event what = { .event = SECD_SOCKET_ACCEPTED };
	struct secd_socket_state *state, *from;
	struct secd_image creator = {};
	struct actor actor;

	if (!actor_watched(task))
		return;
	from = state_by_inode(socket_inode(kload(listener, sk_socket)));
	if (from)
		creator = from->creator;
	state = state_by_inode_create(socket_inode(kload(sk, sk_socket)));
	if (!state)
		return;
	actor_read(&actor, task);
	state_created(state, &actor, bpf_ktime_get_boot_ns());
	state->creator = creator;
	state->acceptor = actor.image;
	state->connected_ns = state->opened_ns;
	state->flags |= SECD_SOCKET_FLAG_INCOMING;
	what.actor = &actor;
	other_send(sk, state, &what);
}

/* Sockets without an entry are not in scope, or were never touched: nothing is told. */
static __always_inline void other_closed(struct sock *sk)
{
	struct other_event what = { .event = SECD_SOCKET_CLOSED, .totals = 1 };
	__u64 inode = socket_inode(kload(sk, sk_socket));
	struct secd_socket_state *state = state_by_inode(inode);

	if (!state)
		return;
	other_send(sk, state, &what);
	bpf_map_delete_elem(&secd_sockets_by_inode, &inode);
}

#endif
