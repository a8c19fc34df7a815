/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of kernel functions, LSM hooks and raw tracepoints: the program is called with the arguments, and is
 * loaded for one function, whose number of arguments it knows (secd_policy_setup.arguments): more must not
 * be touched.
 */
#ifndef SECD_TRACE_FUNCTION_H
#define SECD_TRACE_FUNCTION_H

#include "event.h"

/* The n-th word of the context. Assembler, because clang would make one load of several, from a changed
 * pointer, which older verifiers refuse. */
#define context_word(ctx, n)                                                                    \
	({                                                                                      \
		__u64 word;                                                                     \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(word) : "r"(ctx), "i"(8 * (n)));   \
		word;                                                                           \
	})

#define FUNCTION_ARGUMENT(work, ctx, n) \
	((secd_policy_setup.arguments > (n)) ? (void)((work)->arguments[n] = context_word(ctx, n)) : (void)0)

static __always_inline void function_arguments(struct policy_work *work, unsigned long long *ctx)
{
	FUNCTION_ARGUMENT(work, ctx, 0);
	FUNCTION_ARGUMENT(work, ctx, 1);
	FUNCTION_ARGUMENT(work, ctx, 2);
	FUNCTION_ARGUMENT(work, ctx, 3);
	FUNCTION_ARGUMENT(work, ctx, 4);
	FUNCTION_ARGUMENT(work, ctx, 5);
}

/* As one line it is too long. */
/* clang-format off */
#define TRACED_ARGUMENT(work, ctx, n)                                     \
	((secd_policy_setup.arguments > (n))                            \
		 ? (void)bpf_get_func_arg(ctx, n, &(work)->arguments[n]) \
		 : (void)0)
/* clang-format on */

/*
 * The arguments of a function that the program is put around. By the helper, which the verifier makes a load
 * of: read from the context it has to know their types, and refuses pointers to pointers and to unions, as
 * bpf_check has them.
 */
static __always_inline void traced_arguments(struct policy_work *work, unsigned long long *ctx)
{
	TRACED_ARGUMENT(work, ctx, 0);
	TRACED_ARGUMENT(work, ctx, 1);
	TRACED_ARGUMENT(work, ctx, 2);
	TRACED_ARGUMENT(work, ctx, 3);
	TRACED_ARGUMENT(work, ctx, 4);
	TRACED_ARGUMENT(work, ctx, 5);
}

/* What an LSM hook or fmod_ret was given as the others' verdict stands behind its arguments. */
static __always_inline __u64 function_result(unsigned long long *ctx)
{
	switch (secd_policy_setup.arguments) {
	case 0:
		return context_word(ctx, 0);
	case 1:
		return context_word(ctx, 1);
	case 2:
		return context_word(ctx, 2);
	case 3:
		return context_word(ctx, 3);
	case 4:
		return context_word(ctx, 4);
	case 5:
		return context_word(ctx, 5);
	default:
		return context_word(ctx, 6);
	}
}

static __always_inline int function_called(unsigned long long *ctx)
{
	struct event event = event_begin(secd_policy_setup.hook, false);

	if (!event.work)
		return 0;
	event.work->place = (__u64)ctx;
	function_arguments(event.work, ctx);
	return event_end(&event);
}

/* A function is called that the program is put before. */
static __always_inline void traced_entered(unsigned long long *ctx)
{
	struct event event = event_begin(secd_policy_setup.hook, false);

	if (!event.work)
		return;
	event.work->place = (__u64)ctx;
	traced_arguments(event.work, ctx);
	event_end(&event);
}

/* It has returned. */
static __always_inline int traced_returned(unsigned long long *ctx)
{
	struct event event = event_begin(secd_policy_setup.hook, true);

	if (!event.work)
		return 0;
	event.work->place = (__u64)ctx;
	traced_arguments(event.work, ctx);
	bpf_get_func_ret(ctx, &event.work->result);
	event_end_return(&event);
	return 0;
}

/* Of a raw tracepoint: whether the call is one of those that the hook is about. */
static __always_inline bool function_is_meant(unsigned long long *ctx)
{
	switch (secd_policy_setup.only_argument) {
	case 0:
		return true;
	case 1:
		return (__u32)context_word(ctx, 0) == secd_policy_setup.only_value;
	case 2:
		return (__u32)context_word(ctx, 1) == secd_policy_setup.only_value;
	case 3:
		return (__u32)context_word(ctx, 2) == secd_policy_setup.only_value;
	default:
		return false;
	}
}

/* What another module said. Without arguments nothing is known of the context. */
static __always_inline int verdict_before(unsigned long long *ctx)
{
	return secd_policy_setup.arguments ? (int)function_result(ctx) : 0;
}

/* For the verifier, which asks for an error or 0. */
static __always_inline int verdict_bounded(int verdict)
{
	barrier_var(verdict);
	return verdict < 0 && verdict >= -SECD_ERRNO_MASK ? verdict : 0;
}

/* A hook that may refuse, unless another has. */
static __always_inline int function_verdict(unsigned long long *ctx)
{
	int before = verdict_before(ctx);

	return before ? before : verdict_bounded(function_called(ctx));
}

/* A system call comes by that may be one to refuse. */
static __always_inline int guard_verdict(unsigned long long *ctx)
{
	int before = verdict_before(ctx);

	if (before)
		return before;
	before = refusal_of_call();
	return verdict_bounded(before ? before : notices_at_guard());
}

/* Probes: one program for all; which hook it runs for is the cookie of the attachment. */
static __always_inline int probe_hit(struct pt_regs *regs)
{
	struct event event = event_begin(bpf_get_attach_cookie(regs), false);
	struct pt_regs___more *more = (void *)regs;

	if (!event.work)
		return 0;
	event.work->place = (__u64)regs;
	/* Registers that policies ask for by name. */
	event.work->fields = (__u64)regs;
	event.work->arguments[0] = regs->di;
	event.work->arguments[1] = regs->si;
	event.work->arguments[2] = regs->dx;
	event.work->arguments[3] = more->cx;
	event.work->arguments[4] = regs->r8;
	event.work->arguments[5] = regs->r9;
	event_end(&event);
	return 0;
}

/* What the arguments were, and the registers, is known only where the hook waits. */
static __always_inline int probe_returned(struct pt_regs *regs)
{
	struct event event = event_begin(bpf_get_attach_cookie(regs), true);
	struct pt_regs___more *more = (void *)regs;

	if (!event.work)
		return 0;
	event.work->place = (__u64)regs;
	event.work->fields = 0; /* unreadable, where the call is judged anew: these are others */
	event.work->result = more->ax;
	event_end_return(&event);
	return 0;
}

/* Where the end of a system call says what it returned (kernel/trace/trace_syscalls.c). */
#define SECD_CALL_RESULT 16

static __always_inline bool call_failed(void *ctx)
{
	__s64 result = 0;

	bpf_probe_read_kernel(&result, sizeof(result), ctx + SECD_CALL_RESULT);
	return result < 0;
}

/* A tracepoint: what is read are its fields. */
static __always_inline int tracepoint_hit(void *ctx)
{
	struct event event = event_begin(bpf_get_attach_cookie(ctx), false);

	if (!event.work)
		return 0;
	if ((event.hook->flags & SECD_POLICY_HOOK_SUCCEEDS) && call_failed(ctx)) {
		work_release(event.work);
		return 0;
	}
	event.work->fields = (__u64)ctx;
	event_end(&event);
	return 0;
}

#endif
