/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The same facts by system call, for kernels without fentry: after the call, from the
 * descriptor. What is done through io_uring is not seen here; IP sockets have other hooks for
 * most of it.
 */
#ifndef SECD_NET_DESCRIPTOR_H
#define SECD_NET_DESCRIPTOR_H

#include "../lib/descriptor.h"
#include "../lib/syscall.h"
#include "inet.h"
#include "other.h"

static __always_inline struct sock *sock_of_descriptor(struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_descriptor(task, fd);
	struct socket *socket = file ? socket_of_file(file) : NULL;
	struct sock *sk;

	if (!socket)
		return NULL;
	sk = kload(socket, sk);
	return sk ? kcast(sock, sk) : NULL;
}

static __always_inline int created_by_call(long fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	__u32 family = syscall_argument_0(regs);
	__u16 protocol = syscall_argument_2(regs);
	struct sock *sk;

	if (fd < 0 || family_is_ip(family))
		return 0;
	sk = sock_of_descriptor(task, fd);
	if (sk)
		other_created(sk, task, family == SECD_AF_PACKET ? host_order(protocol) : protocol);
	return 0;
}

static __always_inline int pair_created_by_call(long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	__u32 pair[2];
	struct sock *sk;
	int i;

	if (result < 0 || bpf_probe_read_user(pair, sizeof(pair), (void *)syscall_argument_3(regs)))
		return 0;
#pragma unroll
	for (i = 0; i < 2; i++) {
		sk = sock_of_descriptor(task, pair[i]);
		if (sk)
			other_created(sk, task, 0);
	}
	return 0;
}

/* bind, listen: IP sockets tell these themselves (post_bind, state change). */
static __always_inline int did_by_call(long result, __u32 event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct other_event what = { .event = event };
	struct sock *sk;

	if (result < 0)
		return 0;
	sk = sock_of_descriptor(task, syscall_argument_0(syscall_registers(task)));
	if (sk && kload(sk, __sk_common.skc_family) == SECD_AF_UNIX)
		other_did(sk, task, &what);
	return 0;
}

static __always_inline int connected_by_call(long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs;
	struct other_event what = {};
	struct sock *sk;
	const char *address;
	__u32 family;

	if (!connect_has_outcome(result))
		return 0;
	regs = syscall_registers(task);
	sk = sock_of_descriptor(task, syscall_argument_0(regs));
	if (!sk)
		return 0;
	family = kload(sk, __sk_common.skc_family);
	address = (const char *)syscall_argument_1(regs);
	if (family_is_ip(family)) {
		inet_connect_ended(sk, task, address, true, result);
	} else if (family == SECD_AF_UNIX) {
		what.event = result ? SECD_SOCKET_FAILED : SECD_SOCKET_CONNECTED;
		what.error = -result;
		if (result) {
			what.user_name = address + SECD_UNIX_FAMILY_SIZE;
			what.name_length = syscall_argument_2(regs);
		}
		other_did(sk, task, &what);
	}
	return 0;
}

static __always_inline int accepted_by_call(long fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sock *sk, *listener;
	__u32 family;

	if (fd < 0)
		return 0;
	sk = sock_of_descriptor(task, fd);
	if (!sk)
		return 0;
	listener = sock_of_descriptor(task, syscall_argument_0(syscall_registers(task)));
	family = kload(sk, __sk_common.skc_family);
	if (family_is_ip(family))
		inet_accepted(sk, listener, task);
	else if (family == SECD_AF_UNIX && listener)
		unix_accepted(listener, sk, task);
	return 0;
}

/* close(2) of the last descriptor. What closes without this call is found by the audit. */
static __always_inline int closing_by_call(__u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = file_of_descriptor(task, fd);
	struct socket *socket = file ? socket_of_file(file) : NULL;
	struct sock *sk;

	if (!socket)
		return 0;
	sk = kload(socket, sk);
	if (!sk)
		return 0;
	sk = kcast(sock, sk);
	if (!family_is_ip(kload(sk, __sk_common.skc_family)) && file_is_last(file))
		other_closed(sk);
	return 0;
}

#endif
