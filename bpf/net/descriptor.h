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

/* include/uapi/asm-generic/errno.h and include/linux/errno.h: not outcomes of a connect. */
#define SECD_EINTR         4
#define SECD_EISCONN     106
#define SECD_EALREADY    114
#define SECD_EINPROGRESS 115
#define SECD_ERESTARTSYS 512          /* to 516: the call is restarted or returns EINTR */
#define SECD_ERESTART_RESTARTBLOCK 516

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

/* IP: outcomes that no state change tells: UDP, and TCP that failed before a packet went. */
static __always_inline void inet_connected_by_call(struct sock *sk, struct task_struct *task,
						   struct pt_regs *regs, long result)
{
	struct secd_socket_pending *pending;
	struct secd_socket record = {};
	struct actor actor;
	__u8 address[24] = {};

	record.cookie = kload(sk, __sk_common.skc_cookie.counter);
	sock_describe(&record, sk);
	if (record.protocol == SECD_IPPROTO_TCP) {
		if (result == 0)
			return;
		pending = socket_pending(record.cookie);
		if (pending && pending->told) {
			bpf_map_delete_elem(&secd_sockets_pending, &record.cookie);
			return;
		}
	}
	if (!actor_watched(task))
		return;
	if (result < 0 &&
	    !bpf_probe_read_user(address, sizeof(address), (void *)syscall_argument_1(regs))) {
		/* A failed connect leaves no address in the socket: the caller's is told. */
		record.remote_port = host_order(*(__be16 *)(address + 2));
		if (record.family == SECD_AF_INET6)
			__builtin_memcpy(record.remote, address + 8, 16);
		else
			__builtin_memcpy(record.remote, address + 4, 4);
	}
	actor_read(&actor, task);
	record_actor(&record, &actor);
	record.error = -result;
	record.inode = socket_inode(kload(sk, sk_socket));
	socket_send(&record, result ? SECD_SOCKET_FAILED : SECD_SOCKET_CONNECTED,
		    bpf_ktime_get_boot_ns());
}

static __always_inline int connected_by_call(long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	struct other_event what = {};
	struct sock *sk;
	__u32 family;

	if (result == -SECD_EINPROGRESS || result == -SECD_EALREADY || result == -SECD_EISCONN ||
	    result == -SECD_EINTR ||
	    (result <= -SECD_ERESTARTSYS && result >= -SECD_ERESTART_RESTARTBLOCK))
		return 0;
	sk = sock_of_descriptor(task, syscall_argument_0(regs));
	if (!sk)
		return 0;
	family = kload(sk, __sk_common.skc_family);
	if (family_is_ip(family)) {
		inet_connected_by_call(sk, task, regs, result);
	} else if (family == SECD_AF_UNIX) {
		what.event = result ? SECD_SOCKET_FAILED : SECD_SOCKET_CONNECTED;
		what.error = -result;
		if (result) {
			what.user_name = (const char *)syscall_argument_1(regs) + SECD_UNIX_FAMILY_SIZE;
			what.name_length = syscall_argument_2(regs);
		}
		other_did(sk, task, &what);
	}
	return 0;
}

/* The acceptor goes into the map by cookie, for the first use or the close to take up. */
static __always_inline void tcp_accepted_by_call(struct sock *sk, struct task_struct *task)
{
	struct secd_socket_pending *pending;
	struct secd_socket record = {};
	struct actor actor;

	if (!actor_watched(task))
		return;
	record.cookie = kload(sk, __sk_common.skc_cookie.counter);
	pending = socket_pending(record.cookie);
	if (pending && pending->told)
		return; /* a use was quicker: another thread guessed the descriptor */
	actor_read(&actor, task);
	record.inode = socket_inode(kload(sk, sk_socket));
	if (pending) {
		pending->acceptor_key = actor.key;
		pending->acceptor_uid = actor.uid;
		pending->acceptor_cgroup = actor.cgroup_id;
		pending->inode = record.inode;
		pending->acceptor = actor.image;
		record.creator = pending->creator;
		record.opened_ns = pending->opened_ns;
	}
	record_actor(&record, &actor);
	record.acceptor = actor.image;
	record.connected_ns = record.opened_ns;
	record.flags = SECD_SOCKET_FLAG_INCOMING;
	sock_describe(&record, sk);
	socket_send(&record, SECD_SOCKET_ACCEPTED, bpf_ktime_get_boot_ns());
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
	family = kload(sk, __sk_common.skc_family);
	if (family_is_ip(family)) {
		tcp_accepted_by_call(sk, task);
	} else if (family == SECD_AF_UNIX) {
		listener = sock_of_descriptor(task, syscall_argument_0(syscall_registers(task)));
		if (listener)
			unix_accepted(listener, sk, task);
	}
	return 0;
}

/* close(2) of the last descriptor. The end of a process and exec close without this call. */
static __always_inline int closing_by_call(__u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = file_of_descriptor(task, fd);
	struct socket *socket = file ? socket_of_file(file) : NULL;
	struct sock *sk;

	if (!socket || !file_is_last(file))
		return 0;
	sk = kload(socket, sk);
	if (!sk)
		return 0;
	sk = kcast(sock, sk);
	if (!family_is_ip(kload(sk, __sk_common.skc_family)))
		other_closed(sk);
	return 0;
}

#endif
