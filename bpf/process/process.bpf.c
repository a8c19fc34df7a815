// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The process sensor.
 *
 * hook                                        what it does
 * tp_btf/sched_process_fork                   a new process gets its record
 * tp_btf/sched_prepare_exec        (6.10+)    old credentials kept, record of a thread moved
 * lsm/bprm_creds_from_file         (LSM)      the same where the tracepoint is missing
 * fexit/security_bprm_creds_from_file         the same where there is no BPF LSM either
 * tp_btf/sched_process_exec                   the exec record
 * tp_btf/sched_process_exit                   usage of every thread; the exit record
 * fentry|kprobe/commit_creds                  credential changes, any cause
 * tracepoint/syscalls/sys_exit_set*id, ...    the same by system call, where those are missing
 * tp_btf/cgroup_mkdir, cgroup_rmdir           names of cgroups
 * iter/task                                   processes older than the daemon
 *
 * The loader picks one mechanism per row (Sources/Sensors) and leaves the others unloaded.
 */
#include "../kernel/access.h"
#include "cgroup.h"
#include "credentials.h"
#include "exec.h"
#include "exit.h"
#include "fork.h"
#include "seed.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	return process_forked(parent, child);
}

SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(on_prepare_exec, struct task_struct *task, struct linux_binprm *bprm)
{
	return exec_prepared(task, bprm);
}

/* The last hook before the other threads are killed; commoncap, always the first module, has
 * given the new credentials their capabilities by then. */
SEC("lsm/bprm_creds_from_file")
int BPF_PROG(on_commit_lsm, struct linux_binprm *bprm)
{
	return exec_prepared(bpf_get_current_task_btf(), bprm);
}

/* At its end, when capabilities of the file have been added. A refused exec prepares nothing. */
SEC("fexit/security_bprm_creds_from_file")
int BPF_PROG(on_creds_from_file, struct linux_binprm *bprm)
{
	__u64 result = 0;

	if (bpf_get_func_ret(ctx, &result) || (int)result)
		return 0;
	return exec_prepared(bpf_get_current_task_btf(), bprm);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return process_executed(task, old_pid, bprm);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	return thread_exited(task);
}

SEC("fentry/commit_creds")
int BPF_PROG(on_commit_creds, struct cred *new)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (BPF_CORE_READ_BITFIELD_PROBED(task, in_execve))
		return 0; /* the exec record carries it */
	return credentials_changed(task, new, ~0U);
}

SEC("tracepoint/syscalls/sys_exit_setuid")
int on_credentials_syscall(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return credentials_changed(task, kload(task, cred), ctx->id);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	return cgroup_event(cgroup, path, SECD_CGROUP_MADE);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	return cgroup_event(cgroup, path, SECD_CGROUP_REMOVED);
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	return task_seeded(ctx);
}
