// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine where processes map executable files (`loader` of policies).
 *
 * hook                                         what it tells
 * tracepoint/syscalls/sys_exit_mmap            files that are mapped as code
 * tracepoint/syscalls/sys_exit_…mprotect       files whose mapping becomes code
 * tracepoint/sched/sched_process_exec          the program itself, and its interpreter
 *
 * Which hook of a generation it is stands in the cookie.
 */
#include "load.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tracepoint/syscalls/sys_exit_mmap")
int on_load_map(struct trace_event_raw_sys_exit *ctx)
{
	return load_mapped(ctx, ctx->ret);
}

/* pkey_mprotect, too. */
SEC("tracepoint/syscalls/sys_exit_mprotect")
int on_load_protect(struct trace_event_raw_sys_exit *ctx)
{
	return load_protected(ctx, ctx->ret);
}

SEC("tracepoint/sched/sched_process_exec")
int on_load_exec(void *ctx)
{
	return load_executed(ctx);
}
