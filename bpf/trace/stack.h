/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stacks that rules ask for: taken aside, then copied into the front of the record. */
#ifndef SECD_TRACE_STACK_H
#define SECD_TRACE_STACK_H

#include "work.h"

/* include/uapi/linux/bpf.h */
#define SECD_BPF_F_USER_STACK (1ULL << 8)
#define POLICY_STACK_BYTES (8 * POLICY_STACK_FRAMES)
/* The user's stack stands behind the kernel's. */
#define POLICY_USER_STACK (POLICY_ASIDE + 1024)

static __always_inline __u32 stack_take(struct policy_work *work, __u32 at, __u64 flags)
{
#ifndef SECD_POLICY_NO_SIGNALS
	long bytes = bpf_get_task_stack(bpf_get_current_task_btf(), work->scratch.record + at,
					POLICY_STACK_BYTES, flags);

	return bytes > 0 ? bytes / 8 : 0;
#else
	return 0; /* cgroup programs may not ask */
#endif
}

/* Takes what work->stacks asks for. */
__noinline int policy_stacks(struct policy_work *work)
{
	if (!work)
		return 0;
	if (work->stacks & SECD_POLICY_KERNEL_STACK)
		work->kernel_frames = stack_take(work, POLICY_ASIDE, 0);
	if (work->stacks & SECD_POLICY_USER_STACK)
		work->user_frames = stack_take(work, POLICY_USER_STACK, SECD_BPF_F_USER_STACK);
	return 0;
}

/* Copies a stack to where the front goes on. */
static __always_inline void stack_put(struct policy_work *work, __u32 from, __u32 frames)
{
	__u32 at = work->front, bytes = 8 * frames;

	bounded(at, 8191);
	barrier_var(bytes);
	if (at > POLICY_BYTES || bytes > POLICY_STACK_BYTES)
		return;
	bpf_probe_read_kernel(work->scratch.record + at, bytes, work->scratch.record + from);
	work->front += bytes;
}

/* Both stacks, behind the values. */
__noinline int policy_put_stacks(struct policy_work *work)
{
	if (!work)
		return 0;
	stack_put(work, POLICY_ASIDE, work->kernel_frames);
	stack_put(work, POLICY_USER_STACK, work->user_frames);
	return 0;
}

#endif
