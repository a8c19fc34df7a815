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

#define FUNCTION_ARGUMENT(call, ctx, n) \
	if (secd_policy_setup.arguments > (n)) \
		(call)->arguments[n] = context_word(ctx, n)

static __always_inline void function_arguments(struct policy_call *call, unsigned long long *ctx)
{
	FUNCTION_ARGUMENT(call, ctx, 0);
	FUNCTION_ARGUMENT(call, ctx, 1);
	FUNCTION_ARGUMENT(call, ctx, 2);
	FUNCTION_ARGUMENT(call, ctx, 3);
	FUNCTION_ARGUMENT(call, ctx, 4);
	FUNCTION_ARGUMENT(call, ctx, 5);
}

/* What a function returned stands behind its arguments. */
static __always_inline __u64 function_result(unsigned long long *ctx)
{
	switch (secd_policy_setup.arguments) {
	case 0: return context_word(ctx, 0);
	case 1: return context_word(ctx, 1);
	case 2: return context_word(ctx, 2);
	case 3: return context_word(ctx, 3);
	case 4: return context_word(ctx, 4);
	case 5: return context_word(ctx, 5);
	default: return context_word(ctx, 6);
	}
}

static __always_inline int function_called(unsigned long long *ctx)
{
	struct policy_call call = { .hook = secd_policy_setup.hook };

	function_arguments(&call, ctx);
	return policy_met(&call);
}

static __always_inline int function_returned(unsigned long long *ctx)
{
	struct policy_call call = { .hook = secd_policy_setup.hook };

	function_arguments(&call, ctx);
	call.result = function_result(ctx);
	policy_returned(&call);
	return 0;
}

/* A hook that may refuse, unless another has. */
static __always_inline int function_verdict(unsigned long long *ctx)
{
	int before = (int)function_result(ctx), verdict;

	if (before)
		return before;
	verdict = function_called(ctx);
	/* For the verifier, which asks for an error or 0. */
	barrier_var(verdict);
	return verdict < 0 && verdict >= -SECD_ERRNO_MASK ? verdict : 0;
}

/* Probes: one program for all; which hook it runs for is the cookie of the attachment. */
static __always_inline int probe_hit(struct pt_regs *regs)
{
	struct pt_regs___more *more = (void *)regs;
	struct policy_call call = { .hook = (__u32)bpf_get_attach_cookie(regs) };

	call.arguments[0] = regs->di;
	call.arguments[1] = regs->si;
	call.arguments[2] = regs->dx;
	call.arguments[3] = more->cx;
	call.arguments[4] = regs->r8;
	call.arguments[5] = regs->r9;
	policy_met(&call);
	return 0;
}

/* What the arguments were is known only where the hook waits. */
static __always_inline int probe_returned(struct pt_regs *regs)
{
	struct pt_regs___more *more = (void *)regs;
	struct policy_call call = { .hook = (__u32)bpf_get_attach_cookie(regs) };

	call.result = more->ax;
	policy_returned(&call);
	return 0;
}

#endif
