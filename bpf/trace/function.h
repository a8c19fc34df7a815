/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of kernel functions, LSM hooks and raw tracepoints: the program is called with the arguments, and is
 * loaded for one function, whose number of arguments it knows (secd_policy_setup.arguments): more must not
 * be touched.
 */
#ifndef SECD_TRACE_FUNCTION_H
#define SECD_TRACE_FUNCTION_H

#include "event.h"

#define FUNCTION_ARGUMENT(call, ctx, n) \
	if (secd_policy_setup.arguments > (n)) \
		(call)->arguments[n] = (ctx)[n]

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
	case 0: return ctx[0];
	case 1: return ctx[1];
	case 2: return ctx[2];
	case 3: return ctx[3];
	case 4: return ctx[4];
	case 5: return ctx[5];
	default: return ctx[6];
	}
}

#endif
