/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls, on the hooks that see all of them and on those of single calls. A 64-bit process may make
 * 32-bit calls (int 0x80) with other numbers and registers: TS_COMPAT tells. Calls of x32 have a bit
 * in their number.
 */
#ifndef SECD_TRACE_SYSCALL_H
#define SECD_TRACE_SYSCALL_H

#include "event.h"

/* arch/x86/include/asm/thread_info.h */
#define SECD_TS_COMPAT 2
/* arch/x86/include/uapi/asm/unistd.h */
#define SECD_X32_BIT 0x40000000
/* Numbers of one table of calls. */
#define POLICY_NUMBER_MASK (SECD_POLICY_CALLS_COMPAT - 1)

static __always_inline struct secd_policy_call *call_of(__u32 number, __u32 base)
{
	__u32 key = base + (number & POLICY_NUMBER_MASK);

	return bpf_map_lookup_elem(&secd_policy_calls, &key);
}

/* Hooks of a call at one of its ends; 0 = none. */
struct call_hooks {
	__u32 side;               /* judged at this end alone */
	__u32 waits;              /* judged at both */
	__u32 flags;              /* SECD_POLICY_EVENT_COMPAT, _X32 */
};

static __always_inline void hooks_at(struct call_hooks *hooks, struct secd_policy_call *call, bool exit)
{
	hooks->side = exit ? call->exit : call->enter;
	hooks->waits = call->waits;
}

/*
 * The hooks of a call; false = none. For most numbers neither table has one, and then nobody asks which of
 * them it is.
 */
static __always_inline bool hooks_of_call(struct call_hooks *hooks, __u64 number, bool exit)
{
	struct secd_policy_call *call = call_of(number, 0);
	struct secd_policy_call *compat = call_of(number, SECD_POLICY_CALLS_COMPAT);
	struct call_hooks others;
	__u32 compat_bit;

	if (!call || !compat)
		return false;
	hooks_at(hooks, call, exit);
	hooks_at(&others, compat, exit);
	if (!(hooks->side | hooks->waits | others.side | others.waits))
		return false;
	/* Flags by arithmetic: the verifier would walk what follows once for each of them. */
	compat_bit = kload(bpf_get_current_task_btf(), thread_info.status) & SECD_TS_COMPAT;
	hooks->flags = compat_bit * (SECD_POLICY_EVENT_COMPAT / SECD_TS_COMPAT) |
		       (number & SECD_X32_BIT) / (SECD_X32_BIT / SECD_POLICY_EVENT_X32);
	if (compat_bit) {
		hooks->side = others.side;
		hooks->waits = others.waits;
	}
	return hooks->side | hooks->waits;
}

/* Where each load is a copy to the stack, they have a frame of their own: calls are at the limit of 6.1. */
#ifdef SECD_PROBE_READS
#define CALL_ARGUMENTS static __noinline
#else
#define CALL_ARGUMENTS static __always_inline
#endif
/* What the call returns is taken from there, too: kept beside the registers it would be one more on the stack. */
CALL_ARGUMENTS void call_arguments(struct policy_work *work, struct pt_regs *regs, bool exit)
{
	struct pt_regs___more *more = (void *)regs;

	work->result = exit ? kload(more, ax) : 0;
	if (work->flags & SECD_POLICY_EVENT_COMPAT) {
		work->arguments[0] = (__u32)kload(more, bx);
		work->arguments[1] = (__u32)kload(more, cx);
		work->arguments[2] = (__u32)kload(regs, dx);
		work->arguments[3] = (__u32)kload(regs, si);
		work->arguments[4] = (__u32)kload(regs, di);
		work->arguments[5] = (__u32)kload(more, bp);
		return;
	}
	work->arguments[0] = kload(regs, di);
	work->arguments[1] = kload(regs, si);
	work->arguments[2] = kload(regs, dx);
	work->arguments[3] = kload(regs, r10);
	work->arguments[4] = kload(regs, r8);
	work->arguments[5] = kload(regs, r9);
}

static __always_inline int call_judge(__u32 hook, struct pt_regs *regs, bool exit, __u32 flags)
{
	struct event event = event_begin(hook, exit);

	if (!event.work)
		return 0;
	event.work->flags = flags;
	call_arguments(event.work, regs, exit);
	if (exit)
		event_end_return(&event);
	else
		event_end(&event);
	return 0;
}

/* A call may be of two hooks: of those who judge it here alone, and of those who wait for its return. */
static __always_inline int call_judge_all(const struct call_hooks *hooks, struct pt_regs *regs, bool exit)
{
	__u32 hook, side = hooks->side, waits = hooks->waits;

#pragma clang loop unroll(disable)
	for (__u32 n = 0; n < 2; n++) {
		hook = n ? waits : side;
		barrier_var(hook);
		if (hook)
			call_judge(hook, regs, exit, hooks->flags);
	}
	return 0;
}

static __always_inline int call_met(struct pt_regs *regs, __u64 number, bool exit)
{
	struct call_hooks hooks;

	return hooks_of_call(&hooks, number, exit) ? call_judge_all(&hooks, regs, exit) : 0;
}

/*
 * The hooks of single calls see neither 32-bit calls nor those of x32: the kernel does not call them
 * there. Arguments are taken from the registers: the context has only as many as the call.
 */
static __always_inline int single_call_met(__u32 number, bool exit)
{
	struct secd_policy_call *call = call_of(number, 0);
	struct call_hooks hooks = {};

	if (!call)
		return 0;
	hooks_at(&hooks, call, exit);
	if (!(hooks.side | hooks.waits))
		return 0;
	return call_judge_all(&hooks, (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), exit);
}

#endif
