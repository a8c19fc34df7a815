// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine at hooks that a program is loaded for, one by one: its target and
 * secd_policy_setup.hook and .arguments are set before.
 *
 * hook                       what it does
 * lsm                        what the kernel asks security modules; may refuse
 * fmod_ret                   security_ functions; may refuse
 * fentry, fexit              kernel functions, called and returned
 * raw_tp                     tracepoints, with the arguments of the kernel's call
 * lsm, fmod_ret (on_guard)   refuses what the hook on all system calls has decided to refuse, and calls
 *                            that a rule has notified of
 */
#include "../kernel/access.h"
#include "function.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("lsm/file_open")
int on_lsm(unsigned long long *ctx)
{
	return function_verdict(ctx);
}

SEC("fmod_ret/security_file_open")
int on_modify(unsigned long long *ctx)
{
	return function_verdict(ctx);
}

SEC("lsm/file_open")
int on_guard(unsigned long long *ctx)
{
	return guard_verdict(ctx);
}

SEC("fmod_ret/security_file_open")
int on_guard_modify(unsigned long long *ctx)
{
	return guard_verdict(ctx);
}

SEC("fentry/security_file_open")
int on_function(unsigned long long *ctx)
{
	traced_entered(ctx);
	return 0;
}

SEC("fexit/security_file_open")
int on_function_return(unsigned long long *ctx)
{
	return traced_returned(ctx);
}

SEC("raw_tp/sched_process_exec")
int on_raw_tracepoint(unsigned long long *ctx)
{
	if (function_is_meant(ctx))
		function_called(ctx);
	return 0;
}
