/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The calls of `enforcers`: which ones a policy names, and which one the running thread is in. A policy's
 * number is given once and never again, so that what is kept under it ends with it.
 */
#ifndef SECD_TRACE_ENFORCED_H
#define SECD_TRACE_ENFORCED_H

#include "../kernel/access.h"
#include "../abi/policy.h"

/* arch/x86/include/asm/thread_info.h */
#define SECD_TS_COMPAT 2
/* arch/x86/entry/syscalls/syscall_32.tbl */
#define SECD_SOCKETCALL 102

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SECD_POLICY_ENFORCED_MAX);
	__type(key, struct secd_policy_enforced);
	__type(value, __u32);
} secd_policy_enforced SEC(".maps");

static __always_inline bool is_enforced(__u32 enforcer, __u32 call)
{
	struct secd_policy_enforced key = { .enforcer = enforcer, .call = call };

	return bpf_map_lookup_elem(&secd_policy_enforced, &key) != NULL;
}

/* The place in secd_policy_calls of the call that the running thread is in; of none, a place of no call. */
static __always_inline __u32 call_position(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct pt_regs___more *more = (void *)regs;
	__u32 which, number = (__u32)kload(regs, orig_ax) & (SECD_POLICY_CALLS_COMPAT - 1);

	if (!(kload(task, thread_info.status) & SECD_TS_COMPAT))
		return number;
	if (number != SECD_SOCKETCALL)
		return SECD_POLICY_CALLS_COMPAT + number;
	which = kload(more, bx);
	return which <= SECD_POLICY_SOCKET_CALLS ? SECD_POLICY_CALLS_SOCKET + which
						  : SECD_POLICY_CALLS_COMPAT + number;
}

#endif
