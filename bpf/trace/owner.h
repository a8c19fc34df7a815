/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TrackSock: whose a socket is. Packets arrive and timers run in interrupts, where the running task is
 * whoever was interrupted: an event there is told as that of the process that its socket is tied to.
 *
 * An entry ends by UntrackSock, or with its socket: owner_end.h.
 */
#ifndef SECD_TRACE_OWNER_H
#define SECD_TRACE_OWNER_H

#include "../lib/actor.h"
#include "../lib/sock.h"
#include "bits.h"
#include "work.h"

/* Sockets that are tied at once; memory is taken as they come. Beyond it SECD_COUNTER_MAP_FULL counts. */
#define POLICY_OWNERS 32768

/* By the address of the struct sock: packets and timers know no other name of it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POLICY_OWNERS);
	__type(key, __u64);
	__type(value, struct actor);
} secd_policy_owners SEC(".maps");

/* include/linux/sched.h */
#define SECD_PF_KTHREAD 0x00200000
/* arch/x86/include/asm/page_64_types.h: THREAD_SIZE, where the kernel's types do not tell. */
#define SECD_THREAD_SIZE 16384

static __always_inline __u64 thread_size(void)
{
	if (bpf_core_type_exists(union thread_union))
		return bpf_core_type_size(union thread_union);
	return SECD_THREAD_SIZE;
}

/*
 * Whether the hook was met in an interrupt. These have a stack of their own, softirqs of all kinds, too, but
 * for those that ksoftirqd runs. (The preempt count says it, too, but only kernels with CONFIG_KALLSYMS_ALL
 * let programs find it.)
 */
static __always_inline bool is_interrupt(struct policy_work *work)
{
	struct task_struct *task = kcast(task_struct, work->task);

	return work->place && work->place - (__u64)pload(task, stack) >= thread_size();
}

/* Whether the running task has no part in what happens: it was interrupted, or works for the kernel. */
static __always_inline bool is_aside(struct policy_work *work)
{
	struct task_struct *task = kcast(task_struct, work->task);

	return is_interrupt(work) || (pload(task, flags) & SECD_PF_KTHREAD);
}

/* Whom the event's first socket is tied to, where the running process has no part in it; else NULL. */
static __always_inline struct actor *owner_find(struct policy_work *work)
{
	__u32 column;
	__u64 key;

	if (!work->sock_columns || !is_aside(work))
		return NULL;
	column = trailing_zeros(work->sock_columns);
	bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
	key = work->socks[column];
	return bpf_map_lookup_elem(&secd_policy_owners, &key);
}

/*
 * Ties the socket of a column to the running process, or unties it. Where nobody runs for himself it comes to
 * whom the event's first socket is tied to: a connection that arrives belongs to its listener's process. The
 * kernel's own sockets are nobody's, and no hook tells their end.
 */
__noinline int policy_track(struct policy_work *work, __u32 column, __u32 ties)
{
	struct policy_work *again;
	struct actor *owner;
	struct sock *sk;
	__u32 buffer;
	__u64 key;

	if (!work)
		return 0;
	bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
	if (!(work->sock_columns >> column & 1))
		return 0;
	key = work->socks[column];
	if (!ties) {
		bpf_map_delete_elem(&secd_policy_owners, &key);
		return 0;
	}
	sk = kcast(sock, key);
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock))
		return 0;
	/* 6.1 takes no value from memory that was passed on, and has no stack left for it. */
	buffer = work->buffer;
	again = bpf_map_lookup_elem(&secd_policy_work, &buffer);
	if (!again)
		return 0;
	if (is_aside(work)) {
		owner = owner_find(work);
		if (!owner)
			return 0;
		again->owner = *owner;
	} else {
		actor_read(&again->owner);
	}
	if (bpf_map_update_elem(&secd_policy_owners, &key, &again->owner, BPF_ANY))
		count(SECD_COUNTER_MAP_FULL);
	return 0;
}

#endif
