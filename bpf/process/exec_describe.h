/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel says of an exec, beside the strings; the process's record becomes the new image's. */
#ifndef SECD_PROCESS_EXEC_DESCRIBE_H
#define SECD_PROCESS_EXEC_DESCRIBE_H

#include "../lib/inode.h"
#include "../lib/process.h"
#include "../lib/scope.h"
#include "../lib/words.h"
#include "fileless.h"

static __always_inline void exec_process_update(struct secd_process *process,
						struct task_struct *task, struct task_struct *any,
						struct secd_exec *exec, __u64 now)
{
	__u32 raised = process->flags & SECD_IMAGE_RAISED;
	__u32 reconstructed = process->flags & SECD_IMAGE_RECONSTRUCTED;

	exec->previous = process->image;
	exec->parent = process->parent;
	exec->process_start_ns = process->process_start_ns;
	process->image.start_ns = now;
	exec->image = process->image;
	process->credentials = exec->credentials;
	process->flags = (process->flags & SECD_IMAGE_INIT_TREE) | SECD_IMAGE_EXECVE |
			 own_mounts(exec->namespaces.mnt);
	if (exec->pid_in_ns == 1)
		process->flags |= SECD_IMAGE_INIT_TREE;
	if (!task_in_scope(task))
		process->flags |= SECD_IMAGE_OUT_OF_SCOPE;
	exec->flags |= process->flags | reconstructed | raised;
	if (!(secd_agent.flags & SECD_AGENT_EXEC_PREPARED))
		exec->flags |= SECD_IMAGE_PRIV_UNKNOWN;
	if (raised) {
		exec->old_euid = process->old_euid;
		exec->old_egid = process->old_egid;
		exec->old_permitted = process->old_permitted;
	}
	/* All other threads have been released: the kernel's sums hold them. Most had none. */
	if (process->threads_ended || !process->threads_started)
		usage_of_dead(&process->dead, any);
	process->at_exec = process->dead;
	usage_add_thread(&process->at_exec, task);
	process->maxrss_at_exec = pload(any, signal, maxrss);
	process->threads_started = process->threads_ended + 1;
}

/* Fills all but the strings of a record that is 0 else. */
static __always_inline void exec_describe(struct secd_exec *exec, struct secd_process *process,
					  struct task_struct *task, struct linux_binprm *bprm,
					  pid_t old_pid, __u64 now)
{
	struct task_struct *any = plain(task);
	const struct cred *cred = pload(any, cred);
	struct tty_struct *tty;

	credentials_read(&exec->credentials, cred);
	namespaces_read(&exec->namespaces, any, cred, &exec->pid_in_ns);
	exec_process_update(process, task, any, exec, now);
	exec->cgroup_id = task_cgroup_id(any);
	exec->tid = old_pid;
	if (old_pid != kload(task, tgid))
		exec->flags |= SECD_IMAGE_NON_LEADER;
	if (bitfield(bprm, secureexec))
		exec->flags |= SECD_IMAGE_SECURE_EXEC;
	exec->loginuid = kload(task, loginuid.val);
	exec->sessionid = kload(task, sessionid);
	exec->argc = kload(bprm, argc);
	comm_copy(exec->comm, task);
	tty = pload(any, signal, tty);
	if (tty)
		bpf_probe_read_kernel_str(exec->tty, sizeof(exec->tty),
					  (void *)tty + bpf_core_field_offset(struct tty_struct, name));
	/* Trusted pointers, for once: ten loads without a check of each address. */
	inode_read(&exec->binary_inode, bprm->file->f_inode);
	if (exec->binary_inode.links == 0 && is_fileless(pload(plain(bprm), file)))
		exec->flags |= SECD_IMAGE_FILELESS;
}

#endif
