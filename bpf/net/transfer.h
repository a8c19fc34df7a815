/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes that a process sent or received, and that it did: once per call, not per packet. */
#ifndef SECD_NET_TRANSFER_H
#define SECD_NET_TRANSFER_H

#include "other.h"
#include "peers.h"

/* A call that moved `bytes`, 0 included (end of stream, empty datagram). */
static __always_inline int socket_moved(struct sock *sk, int bytes, bool incoming)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_socket_state *state;
	__u32 family = kload(sk, __sk_common.skc_family);

	if (bytes < 0)
		return 0;
	if (family_is_ip(family))
		state = state_in_use(sk, bpf_get_socket_cookie(sk), task);
	else if (family == SECD_AF_UNIX)
		state = state_of_other(sk, task);
	else
		return 0;
	if (!state)
		return 0;
	use_by(sk, state, task);
	if (family_is_ip(family) && kload(sk, sk_protocol) == SECD_IPPROTO_TCP)
		return 0; /* the kernel's own totals are read at close */
	if (incoming) {
		__sync_fetch_and_add(&state->bytes_received, bytes);
		__sync_fetch_and_add(&state->packets_received, 1);
	} else {
		__sync_fetch_and_add(&state->bytes_sent, bytes);
		__sync_fetch_and_add(&state->packets_sent, 1);
		/* Datagrams without an address in the call go where connect(2) said. */
		if (kload(sk, sk_protocol) == SECD_IPPROTO_UDP &&
		    kload(sk, __sk_common.skc_state) == SECD_TCP_ESTABLISHED)
			peer_of_connected(sk, state, task);
	}
	return 0;
}

#endif
