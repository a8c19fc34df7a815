// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine (docs/policy-engine.md), where signals can be sent.
 *
 * hook                                     what it does
 * tp_btf/sys_enter                         system calls, before they are made
 * tp_btf/sys_exit                          system calls, when they return
 * tracepoint/syscalls/sys_enter_, exit_…   the same, of single calls
 * tracepoint                               tracepoints, with their fields
 * kprobe, kretprobe, uprobe, uretprobe      functions
 * tp_btf/sched_process_fork                marks that descendants inherit; KillTree's mark
 * tp_btf/sys_enter                         kills who has KillTree's mark, while anybody has
 * tp_btf/sched_process_exec, …_fork          what an image began with
 * tp_btf/tcp_destroy_sock                   the end of a TCP socket that TrackSock tied to a process
 * cgroup/sock_release                       the same of other sockets
 * tp_btf/sched_process_exec, …_fork          which #! file it runs
 *
 * A program serves all hooks of its mechanism: which hook an event belongs to, and what is judged there,
 * stands in maps.
 */
#include "../kernel/access.h"
/* Programs that see system calls begin. */
#define SECD_POLICY_MEETS_CALLS
#include "function.h"
#include "lineage.h"
#include "owner_end.h"
#include "script_exec.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long number)
{
	return call_met(regs, number, false);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	return call_met(regs, regs->orig_ax, true);
}

/* Any single call: which one stands in the context. */
SEC("tracepoint/syscalls/sys_enter_openat")
int on_call(struct trace_event_raw_sys_enter *ctx)
{
	return single_call_met(ctx->id, false);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int on_call_return(struct trace_event_raw_sys_exit *ctx)
{
	return single_call_met(ctx->id, true);
}

SEC("tracepoint/sched/sched_process_exec")
int on_tracepoint(void *ctx)
{
	return tracepoint_hit(ctx);
}

/* Kernel functions: one by one, or many by one link (loaded as BPF_TRACE_KPROBE_MULTI then). */
SEC("kprobe")
int on_probe(struct pt_regs *regs)
{
	return probe_hit(regs);
}

SEC("kretprobe")
int on_probe_return(struct pt_regs *regs)
{
	return probe_returned(regs);
}

/* Attached while a generation has marks. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork_marks, struct task_struct *parent, struct task_struct *child)
{
	return lineage_forked(child);
}

/* Attached while a policy kills trees. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork_doomed, struct task_struct *parent, struct task_struct *child)
{
	return doom_forked(child);
}

/* Attached while a tree is being killed. */
SEC("tp_btf/sys_enter")
int BPF_PROG(on_call_doomed, struct pt_regs *regs, long number)
{
	return doom_called();
}

/* Attached while a generation asks what has changed since exec. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_origin)
{
	return origin_of_exec();
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork_origin, struct task_struct *parent, struct task_struct *child)
{
	return origin_of_fork(child);
}

/* Attached while a policy ties sockets to processes. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_sock_destroyed, struct sock *sk)
{
	return owner_destroyed(sk);
}

SEC("cgroup/sock_release")
int on_sock_released(struct bpf_sock *ctx)
{
	return owner_released(ctx);
}

/* Attached while a generation asks for files of processes. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_script, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return script_of_exec(bprm);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork_script, struct task_struct *parent, struct task_struct *child)
{
	return script_of_fork(child);
}
