/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls that shall fail. Nobody can refuse a call where it is judged, on the hook of all calls; but
 * what the call does next asks the kernel's security modules, or it is a function that may be made to fail.
 * There stand guards: they give the running thread the error that its call was judged to get, and know
 * nothing else. So a call is judged and told once, with its own arguments, whatever number it was made by.
 */
#ifndef SECD_TRACE_REFUSE_H
#define SECD_TRACE_REFUSE_H

#include "enforced.h"
#include "work.h"

/* MAX_ERRNO: what a hook may return. */
#define SECD_ERRNO_MASK 4095

/* Of the thread that makes the call. */
struct call_refusal {
	__u64 call;               /* number, and above it whether it is a 32-bit one */
	__u32 hook;               /* by which it was judged, … */
	__u32 generation;         /* … and in which; 0 = by no hook, this is an enforcer's number */
	__s32 verdict;            /* 0 = none */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call_refusal);
} secd_policy_refusals SEC(".maps");

/* The call that the running thread is in. In the middle of none, as in a page fault, the number is -1. */
static __always_inline __u64 call_running(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 is_compat = kload(task, thread_info.status) & SECD_TS_COMPAT;

	return (__u32)kload(regs, orig_ax) | is_compat << 32;
}

/*
 * From here on guards refuse the running call; false where that cannot be kept. Only programs at the begin of
 * calls come here; the others have no such hooks, and cgroup programs could not ask for the registers.
 */
static __always_inline bool refusal_begin(const struct policy_work *work, __s32 verdict)
{
#ifdef SECD_POLICY_MEETS_CALLS
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_refusal *refusal =
		bpf_task_storage_get(&secd_policy_refusals, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!refusal) {
		count(SECD_COUNTER_STORAGE_FULL);
		return false;
	}
	refusal->call = call_running(task);
	refusal->hook = work->hook;
	refusal->generation = work->generation;
	refusal->verdict = verdict;
	return true;
#else
	return false;
#endif
}

/* The same of a call that `enforcers` name: as long as they do. */
static __always_inline bool refusal_of_notice(struct task_struct *task, __u32 enforcer, __s32 verdict)
{
	struct call_refusal *refusal =
		bpf_task_storage_get(&secd_policy_refusals, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!refusal)
		return false;
	refusal->call = call_running(task);
	refusal->hook = enforcer;
	refusal->generation = 0;
	refusal->verdict = verdict;
	return true;
}

/* A new call begins: what was said of one with the same number is over. */
static __always_inline void refusal_end(void)
{
	struct call_refusal *refusal =
		bpf_task_storage_get(&secd_policy_refusals, bpf_get_current_task_btf(), NULL, 0);

	if (refusal)
		refusal->verdict = 0;
}

/*
 * What is said to the running call; 0 = nothing. It is over with each call that its hook meets; and where the
 * hook went away meanwhile, though it came again, it was said of another call: nobody met those in between.
 */
static __always_inline int refusal_of_call(void)
{
	struct secd_policy_hook *hook;
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_refusal *refusal = bpf_task_storage_get(&secd_policy_refusals, task, NULL, 0);

	if (!refusal || !refusal->verdict || refusal->call != call_running(task))
		return 0;
	if (!refusal->generation)
		return is_enforced(refusal->hook, call_position(task)) ? refusal->verdict : 0;
	hook = policy_hook(current_generation() & 1, refusal->hook);
	/* Zeros stand where a hook is gone. */
	if (!hook || !hook->since)
		return 0;
	return (__s32)(refusal->generation - hook->since) >= 0 ? refusal->verdict : 0;
}

#endif
