/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The end of sockets that processes are tied to: their memory is another socket's then. Attached while a
 * policy ties sockets.
 */
#ifndef SECD_TRACE_OWNER_END_H
#define SECD_TRACE_OWNER_END_H

#include "owner.h"

/* A TCP socket goes: some time after its last descriptor, when the connection has ended, too. */
static __always_inline int owner_destroyed(struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&secd_policy_owners, &key);
	return 0;
}

/* The last descriptor of a socket goes. What the program is given is the address of the struct sock. */
static __always_inline int owner_released(struct bpf_sock *ctx)
{
	__u64 key = (__u64)ctx;

	if (ctx->protocol != SECD_IPPROTO_TCP)
		bpf_map_delete_elem(&secd_policy_owners, &key);
	return 1;
}

#endif
