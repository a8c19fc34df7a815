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

/*
 * The hook of a call, 0 = none. For most numbers neither table has one, and then nobody asks which of
 * them it is.
 */
static __always_inline __u32 hook_of_call(__u64 number, bool exit, __u32 *flags)
{
	struct secd_policy_call *call = call_of(number, 0);
	struct secd_policy_call *compat = call_of(number, SECD_POLICY_CALLS_COMPAT);
	__u32 hook, compat_hook;

	if (!call || !compat)
		return 0;
	hook = exit ? call->exit : call->enter;
	compat_hook = exit ? compat->exit : compat->enter;
	if (!(hook | compat_hook))
		return 0;
	if (kload(bpf_get_current_task_btf(), thread_info.status) & SECD_TS_COMPAT) {
		*flags = SECD_POLICY_EVENT_COMPAT;
		return compat_hook;
	}
	if (number & SECD_X32_BIT)
		*flags = SECD_POLICY_EVENT_X32;
	return hook;
}

static __always_inline void call_arguments(struct policy_work *work, struct pt_regs *regs)
{
	struct pt_regs___more *more = (void *)regs;

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

static __always_inline int call_judge(__u32 hook, struct pt_regs *regs, bool exit, long result,
				      __u32 flags)
{
	struct event event = event_begin(hook, exit);

	if (!event.work)
		return 0;
	event.work->flags = flags;
	event.work->result = result;
	call_arguments(event.work, regs);
	if (exit)
		event_end_return(&event);
	else
		event_end(&event);
	return 0;
}

static __always_inline int call_met(struct pt_regs *regs, __u64 number, bool exit, long result)
{
	__u32 flags = 0, hook = hook_of_call(number, exit, &flags);

	return hook ? call_judge(hook, regs, exit, result, flags) : 0;
}

/*
 * The hooks of single calls see neither 32-bit calls nor those of x32: the kernel does not call them
 * there. Arguments are taken from the registers: the context has only as many as the call.
 */
static __always_inline int single_call_met(__u32 number, bool exit, long result)
{
	struct secd_policy_call *hooks = call_of(number, 0);
	__u32 hook;

	if (!hooks)
		return 0;
	hook = exit ? hooks->exit : hooks->enter;
	if (!hook)
		return 0;
	return call_judge(hook, (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), exit,
			  result, 0);
}

#endif
