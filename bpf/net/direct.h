/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The facts of descriptor.h from the kernel's own functions (fentry, fexit): trusted sockets,
 * every caller, io_uring and exit included.
 */
#ifndef SECD_NET_DIRECT_H
#define SECD_NET_DIRECT_H

#include "descriptor.h"
#include "transfer.h"

/* Return value of the traced function: its place differs with the number of arguments. */
static __always_inline long returned(void *ctx)
{
	__u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return (long)(int)value;
}

static __always_inline int created_directly(struct socket *socket, int family, int protocol,
					    int kern)
{
	struct sock *sk = socket->sk;

	if (!sk || kern)
		return 0;
	if (family_is_ip(family))
		inet_created(sk, bpf_get_socket_cookie(sk));
	else
		other_created(sk, bpf_get_current_task_btf(),
			      family == SECD_AF_PACKET ? host_order(protocol) : protocol);
	return 0;
}

static __always_inline int bound_directly(struct socket *socket, long result)
{
	struct sock *sk = socket->sk;

	if (sk && result == 0)
		inet_bound(sk);
	return 0;
}

static __always_inline int released_directly(struct socket *socket)
{
	struct sock *sk = socket->sk;

	if (sk)
		inet_released(sk);
	return 0;
}

/* `address` is the kernel's copy of what the process passed. */
static __always_inline int inet_connected_directly(struct socket *socket, const void *address,
						   long result)
{
	struct sock *sk = socket->sk;

	if (sk && connect_has_outcome(result))
		inet_connect_ended(sk, bpf_get_current_task_btf(), address, false, result);
	return 0;
}

static __always_inline int inet_accepted_directly(struct socket *listener, struct socket *socket,
						  long result)
{
	struct sock *from = listener->sk, *sk = socket->sk;

	if (!sk || result < 0)
		return 0;
	bpf_get_socket_cookie(sk); /* makes it: fast open may hand the connection out before its birth */
	inet_accepted(sk, from, bpf_get_current_task_btf());
	return 0;
}

static __always_inline int unix_did_directly(struct socket *socket, __u32 event, long result)
{
	struct other_event what = { .event = event };
	struct sock *sk = socket->sk;

	if (sk && result == 0)
		other_did(sk, bpf_get_current_task_btf(), &what);
	return 0;
}

static __always_inline int unix_connecting_directly(struct socket *socket, const void *address,
						    int length)
{
	if (socket->sk)
		unix_connecting(socket->sk, address, length);
	return 0;
}

static __always_inline int unix_connected_directly(struct socket *socket, const void *address,
						   int length, long result)
{
	struct other_event what = { .event = SECD_SOCKET_CONNECTED };
	struct sock *sk = socket->sk;

	if (!sk || !connect_has_outcome(result))
		return 0;
	if (result) {
		what.event = SECD_SOCKET_FAILED;
		what.error = -result;
		what.kernel_name = (const char *)address + SECD_UNIX_FAMILY_SIZE;
		what.name_length = length;
	}
	other_did(sk, bpf_get_current_task_btf(), &what);
	return 0;
}

static __always_inline int unix_accepted_directly(struct socket *listener, struct socket *socket,
						  long result)
{
	struct sock *from = listener->sk, *sk = socket->sk;

	if (from && sk && result >= 0)
		unix_accepted(from, sk, bpf_get_current_task_btf());
	return 0;
}

/* The release of a socket's file, whoever dropped the last reference. */
static __always_inline int closed_directly(struct file *file)
{
	struct socket *socket = socket_of_file(file);
	struct sock *sk = socket ? kload(socket, sk) : NULL;

	if (!sk)
		return 0;
	sk = kcast(sock, sk);
	if (!family_is_ip(kload(sk, __sk_common.skc_family)))
		other_closed(sk);
	return 0;
}

/* sendmsg of IP: the address, if the call has one, is still in the message. */
static __always_inline int inet_sent_directly(struct socket *socket, struct msghdr *message,
					      long result)
{
	struct sock *sk = socket->sk;
	void *name;

	if (!sk)
		return 0;
	socket_moved(sk, result, false);
	if (result < 0 || kload(sk, sk_protocol) != SECD_IPPROTO_UDP)
		return 0;
	name = kload(message, msg_name);
	if (name)
		peer_of_message(sk, name);
	return 0;
}

static __always_inline int moved_directly(struct socket *socket, long result, bool incoming)
{
	struct sock *sk = socket->sk;

	return sk ? socket_moved(sk, result, incoming) : 0;
}

#endif
