// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine (docs/policy-engine.md), where signals can be sent.
 *
 * hook                                     what it does
 * tp_btf/sys_enter                         system calls, before they are made
 * tp_btf/sys_exit                          system calls, when they return
 * tracepoint/syscalls/sys_enter_, exit_…   the same, of single calls
 * tracepoint                               tracepoints, with their fields
 * raw_tp                                   tracepoints, with the arguments of the kernel's call
 *
 * A program serves all hooks of its mechanism: which hook an event belongs to, and what is judged there,
 * stands in maps. Those of raw_tp are loaded for one.
 */
#include "../kernel/access.h"
#include "function.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long number)
{
	return call_met(regs, number, false, 0);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	return call_met(regs, kload(regs, orig_ax), true, result);
}

/* Any single call: which one stands in the context. */
SEC("tracepoint/syscalls/sys_enter_openat")
int on_call(struct trace_event_raw_sys_enter *ctx)
{
	return single_call_met(ctx->id, false, 0);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int on_call_return(struct trace_event_raw_sys_exit *ctx)
{
	return single_call_met(ctx->id, true, ctx->ret);
}

SEC("tracepoint/sched/sched_process_exec")
int on_tracepoint(void *ctx)
{
	struct policy_call call = { .hook = attached_hook(ctx), .fields = (__u64)ctx };

	policy_met(&call);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int on_raw_tracepoint(unsigned long long *ctx)
{
	struct policy_call call = { .hook = attached_hook(ctx) };

	function_arguments(&call, ctx);
	policy_met(&call);
	return 0;
}
