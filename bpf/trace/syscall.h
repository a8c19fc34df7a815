/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls, on the hooks that see all of them and on those of single calls. A 64-bit process may make
 * 32-bit calls (int 0x80) with other numbers and registers: TS_COMPAT tells. Calls of x32 have a bit
 * in their number.
 */
#ifndef SECD_TRACE_SYSCALL_H
#define SECD_TRACE_SYSCALL_H

#include "event.h"

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
 * Hooks of a call at one of its ends, and what the call is, in one word: what is kept over the judgement is
 * on the stack, where room is scarce. From bit 0 the hook that is judged at this end alone, from 16 the one
 * that is judged at both, from 32 the one that refuses, at 47 whether `enforcers` name it, from 48
 * SECD_POLICY_EVENT_COMPAT and _X32, from 60 how its arguments are listed.
 */
#define CALL_WAITS 16
#define CALL_REFUSES 32
#define CALL_FLAGS 48
/* Hooks in the word: when a call is made, and when it returns. */
#define CALL_TURNS 3
#define CALL_RETURN_TURNS 2
#define CALL_REFUSAL_TURN 2
_Static_assert(CALL_REFUSES == CALL_WAITS * CALL_REFUSAL_TURN, "the hook of a turn is found by a shift");
#define CALL_LISTED 60
#define CALL_ENFORCED ((__u64)SECD_POLICY_CALL_ENFORCED << CALL_REFUSES)
_Static_assert(SECD_POLICY_HOOK_CHUNKS <= SECD_POLICY_CALL_ENFORCED, "a hook number has 15 bits");
#define CALL_HOOK_MASK ((1ULL << CALL_WAITS) - 1)
#define CALL_NUMBER_MASK (SECD_POLICY_CALL_ENFORCED - 1)
#define CALL_HOOKS_MASK ((1ULL << CALL_FLAGS) - 1)
/* So many arguments are words in memory, where the first one leads, or … */
#define CALL_LISTED_MASK 7
#define CALL_LISTED_BEHIND 8      /* … the second */

static __always_inline __u64 hooks_at(struct secd_policy_call *call, bool exit)
{
	return (exit ? call->exit : call->enter | (__u64)call->refuses << CALL_REFUSES) |
	       (__u64)call->waits << CALL_WAITS;
}

/* Arguments of the calls of socketcall(2), three bits each, as the kernel reads them (net/socket.c). */
#define SOCKET_ARGUMENTS                                                                          \
	(3ULL << 3 | 3ULL << 6 | 3ULL << 9 | 2ULL << 12 | 3ULL << 15 | 3ULL << 18 | 3ULL << 21 | \
	 4ULL << 24 | 4ULL << 27 | 4ULL << 30 | 6ULL << 33 | 6ULL << 36 | 2ULL << 39 | 5ULL << 42 | \
	 5ULL << 45 | 3ULL << 48 | 3ULL << 51 | 4ULL << 54 | 5ULL << 57 | 4ULL << 60)

/* Hooks of a 32-bit call. A socketcall(2) that leads to a call with hooks is that call. */
static __noinline __u64 hooks_of_compat(struct pt_regs *regs, __u32 number, bool exit)
{
	struct secd_policy_call *call = call_of(number, SECD_POLICY_CALLS_COMPAT);
	struct pt_regs___more *more = (void *)regs;
	__u64 hooks;
	__u32 which;

	if (!call)
		return 0;
	hooks = hooks_at(call, exit);
	if (call->listed != SECD_POLICY_LISTED_SOCKET)
		return hooks | (__u64)call->listed << CALL_LISTED;
	which = kload(more, bx);
	if (which > SECD_POLICY_SOCKET_CALLS)
		return hooks;
	call = call_of(which, SECD_POLICY_CALLS_SOCKET);
	if (!call || !(call->enter | call->exit | call->waits | call->refuses))
		return hooks;
	return hooks_at(call, exit) |
	       ((SOCKET_ARGUMENTS >> which * 3 & CALL_LISTED_MASK) | CALL_LISTED_BEHIND) << CALL_LISTED;
}

/*
 * The hooks of a call. For most numbers neither table has one, and then nobody asks which of them it is.
 */
static __always_inline __u64 hooks_of_call(struct pt_regs *regs, __u64 number, bool exit)
{
	struct secd_policy_call *call = call_of(number, 0);
	struct secd_policy_call *compat = call_of(number, SECD_POLICY_CALLS_COMPAT);
	__u64 hooks;

	if (!call || !compat)
		return 0;
	hooks = hooks_at(call, exit);
	if (!(hooks | hooks_at(compat, exit) | compat->listed))
		return 0;
	if (kload(bpf_get_current_task_btf(), thread_info.status) & SECD_TS_COMPAT)
		return hooks_of_compat(regs, number, exit) | (__u64)SECD_POLICY_EVENT_COMPAT << CALL_FLAGS;
	/* A flag by arithmetic: the verifier would walk what follows once more for it. */
	return hooks | (number & SECD_X32_BIT) / (SECD_X32_BIT / SECD_POLICY_EVENT_X32) << CALL_FLAGS;
}

/* Where each load is a copy to the stack, they have a frame of their own: calls are at the limit of 6.1. */
#ifdef SECD_PROBE_READS
#define CALL_ARGUMENTS static __noinline
#else
#define CALL_ARGUMENTS static __always_inline
#endif
/* What the call returns is taken from there, too: beside the registers it would be one more on the stack. */
CALL_ARGUMENTS void call_arguments(struct policy_work *work, struct pt_regs *regs, bool exit)
{
	struct pt_regs___more *more = (void *)regs;

	work->result = exit ? kload(more, ax) : 0;
	/* Registers of the program, which policies ask for by name. */
	work->fields = (__u64)regs;
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

/* Where a list of arguments is read to: places of `arguments` that no system call has. */
#define CALL_LIST_PLACE 8
/* Bits of `missing`. */
#define CALL_ALL_ARGUMENTS 0x3f

/* The arguments of socketcall(2), and of the first mmap and select of 32-bit programs: words in memory. */
static __noinline int call_list(struct policy_work *work, __u32 listed)
{
	__u32 count = listed & CALL_LISTED_MASK;
	__u32 *list;

	if (!work)
		return 0;
	list = (__u32 *)&work->arguments[CALL_LIST_PLACE];
	if (bpf_probe_read_user(list, count * sizeof(*list),
				(void *)work->arguments[listed & CALL_LISTED_BEHIND ? 1 : 0]))
		work->missing = CALL_ALL_ARGUMENTS;
#pragma clang loop unroll(full)
	for (__u32 n = 0; n < 6; n++)
		work->arguments[n] = n < count ? list[n] : 0;
	return 0;
}

static __always_inline int call_judge(__u32 hook, struct pt_regs *regs, bool exit, __u32 what)
{
	struct event event = event_begin(hook, exit);

	if (!event.work)
		return 0;
	event.work->flags = what & ((1U << (CALL_LISTED - CALL_FLAGS)) - 1);
	call_arguments(event.work, regs, exit);
	if (what >> (CALL_LISTED - CALL_FLAGS))
		call_list(event.work, what >> (CALL_LISTED - CALL_FLAGS));
	if (exit)
		event_end_return(&event);
	else
		event_end(&event);
	return 0;
}

/* A frame of its own: nothing of it is needed where calls are judged. */
static __noinline int call_enforced(void)
{
	return notices_at_call();
}

/* A call may be of three hooks: of those who judge it here alone, who wait for its return, who refuse it. */
static __always_inline int call_judge_all(__u64 hooks, struct pt_regs *regs, bool exit)
{
	__u32 hook;

	if (!(hooks & CALL_HOOKS_MASK))
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 n = 0; n < (exit ? CALL_RETURN_TURNS : CALL_TURNS); n++) {
		/* Else what is derived from it is kept, too. */
		barrier_var(hooks);
		hook = hooks >> n * CALL_WAITS & CALL_HOOK_MASK;
		barrier_var(hook);
		if (!hook)
			continue;
		if (n == CALL_REFUSAL_TURN)
			refusal_end();
		call_judge(hook & CALL_NUMBER_MASK, regs, exit, hooks >> CALL_FLAGS);
	}
	/* Behind the hooks, which may notify. */
	if (!exit && (hooks & CALL_ENFORCED))
		call_enforced();
	return 0;
}

static __always_inline int call_met(struct pt_regs *regs, __u64 number, bool exit)
{
	return call_judge_all(hooks_of_call(regs, number, exit), regs, exit);
}

/*
 * The hooks of single calls see neither 32-bit calls nor those of x32: the kernel does not call them
 * there. Arguments are taken from the registers: the context has only as many as the call.
 */
static __always_inline int single_call_met(__u32 number, bool exit)
{
	struct secd_policy_call *call = call_of(number, 0);
	__u64 hooks = call ? hooks_at(call, exit) : 0;

	if (!hooks)
		return 0;
	return call_judge_all(hooks, (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), exit);
}

#endif
