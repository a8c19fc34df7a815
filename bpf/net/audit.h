/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets that ended without a hook: of other families than IP where fentry is missing (exit,
 * exec, dup2, close_range, io_uring, a descriptor that was in flight). Each entry has the address
 * of its kernel object, which is read here: memory that was given to something else does not carry
 * the same number any more, and a socket that was released says so until then.
 */
#ifndef SECD_NET_AUDIT_H
#define SECD_NET_AUDIT_H

#include "record.h"

static __always_inline bool audit_alive(__u64 key, const struct secd_socket_state *state)
{
	__u64 object = state->object;

	if (!object)
		return true; /* just being made */
	if (key & SECD_SOCKET_KEY_INODE) {
		struct socket *socket = kcast(socket, (void *)object);

		return kload(socket, sk) && socket_inode(socket) == state->inode;
	} else {
		struct sock *sk = kcast(sock, (void *)object);

		return sock_cookie(sk) == key && kload(sk, __sk_common.skc_refcnt.refs.counter) > 0;
	}
}

static long audit_entry(void *map, const __u64 *key, struct secd_socket_state *state, void *context)
{
	struct secd_scratch *scratch;
	struct secd_socket *record;
	__u64 number = *key;

	if (audit_alive(number, state))
		return 0;
	if (!(state->marks & SECD_SOCKET_MARK_CLOSED) && socket_event_wanted(SECD_SOCKET_CLOSED)) {
		record = record_claim(&scratch);
		if (!record)
			return 0; /* next time */
		record_state(record, state);
		record_totals(record, state);
		record->family = state->family;
		record->type = state->type;
		record->protocol = state->protocol;
		record->state = SECD_TCP_CLOSE;
		record->event = SECD_SOCKET_CLOSED;
		record->flags |= SECD_SOCKET_FLAG_NOTICED_LATE;
		record_release(scratch, 0, bpf_ktime_get_boot_ns());
	}
	state_end(number);
	return 0;
}

static __always_inline int sockets_audit(void)
{
	return bpf_for_each_map_elem(&secd_sockets, audit_entry, NULL, 0);
}

#endif
