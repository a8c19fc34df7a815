/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets of other families than IP: Unix in full, the rest (packet, netlink, vsock, …) at
 * creation and close. Records by inode; bodies for hooks that give a struct sock that the
 * verifier does not trust, so everything here is a plain load.
 */
#ifndef SECD_NET_OTHER_H
#define SECD_NET_OTHER_H

#include "use.h"

#define SECD_AF_PACKET 17

struct other_event {
	const char *user_name;   /* sun_path of a failed connect, in user memory, */
	const char *kernel_name; /* or the kernel's copy */
	__u32 name_length;       /* of the whole address */
	__u32 tid;
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
	__u8 *name;

	if (!socket_event_wanted(what->event))
		return;
	record = record_claim(&scratch);
	if (!record)
		return;
	record_state(record, state);
	if (what->totals)
		record_totals(record, state);
	sock_describe(record, sk);
	if (state->protocol)
		record->protocol = state->protocol;
	record->tid = what->tid;
	record->error = what->error;
	record->event = what->event;
	if (what->event == SECD_SOCKET_LISTENING)
		record->backlog = kload(sk, sk_max_ack_backlog);
	name = (__u8 *)(record + 1);
	if (what->user_name)
		length = unix_name(name, record, what->user_name, what->name_length, true);
	else if (what->kernel_name)
		length = unix_name(name, record, what->kernel_name, what->name_length, false);
	else if (record->family == SECD_AF_UNIX)
		length = unix_own_name(name, record, sk);
	record_release(scratch, length, bpf_ktime_get_boot_ns());
}

/* The record of a socket that the running process uses, made if nobody did. */
static __always_inline struct secd_socket_state *state_of_other(struct sock *sk,
								struct task_struct *task)
{
	__u64 inode = socket_inode(kload(sk, sk_socket));
	struct secd_socket_state *state = state_by_inode(inode);

	if (state || !actor_watched(task))
		return state;
	state = state_by_inode_make(sk, inode);
	if (state)
		state_unseen(state, sk);
	return state;
}

static __always_inline void other_created(struct sock *sk, struct task_struct *task,
					  __u16 protocol)
{
	struct other_event what = { .event = SECD_SOCKET_CREATED };
	struct secd_socket_state *state;
	struct actor actor = {};

	if (!actor_watched(task))
		return;
	state = state_by_inode_make(sk, socket_inode(kload(sk, sk_socket)));
	if (!state)
		return;
	actor_read(&actor);
	state_created(state, &actor, bpf_ktime_get_boot_ns());
	state->protocol = protocol;
	what.tid = actor.tid;
	other_send(sk, state, &what);
}

/* BOUND, LISTENING, CONNECTING, CONNECTED or FAILED: what the running process did. */
static __always_inline void other_did(struct sock *sk, struct task_struct *task,
				      struct other_event *what)
{
	struct secd_socket_state *state = state_of_other(sk, task);

	if (!state)
		return;
	use_by(sk, state, task);
	if (what->event == SECD_SOCKET_CONNECTING)
		state->connected_ns = bpf_ktime_get_boot_ns();
	what->tid = kload(task, pid);
	other_send(sk, state, what);
	if (what->event == SECD_SOCKET_CONNECTED)
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
	struct actor actor = {};

	if (!actor_watched(task))
		return;
	from = state_of_other(listener, task);
	if (from) {
		use_by(listener, from, task);
		creator = from->creator;
	}
	state = state_by_inode_make(sk, socket_inode(kload(sk, sk_socket)));
	if (!state)
		return;
	actor_read(&actor);
	state_created(state, &actor, bpf_ktime_get_boot_ns());
	state->creator = creator;
	state->acceptor = actor.image;
	state->connected_ns = state->opened_ns;
	state->flags |= SECD_SOCKET_FLAG_INCOMING;
	what.tid = actor.tid;
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
	what.tid = kload(bpf_get_current_task_btf(), pid);
	other_send(sk, state, &what);
	state_end(inode | SECD_SOCKET_KEY_INODE);
}

#endif
