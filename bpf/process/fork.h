/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fork, vfork, clone: a new process inherits its parent's record. Threads are not processes. */
#ifndef SECD_PROCESS_FORK_H
#define SECD_PROCESS_FORK_H

#include "../lib/emit.h"
#include "../lib/process.h"
#include "../lib/scope.h"
#include "credentials.h"

static __always_inline int process_forked(struct task_struct *parent, struct task_struct *child)
{
	struct secd_process *inherited, *process;
	struct pid_namespace *pid_ns = NULL;
	struct secd_fork record = {};

	if (kload(child, pid) != kload(child, tgid))
		return 0; /* CLONE_THREAD */
	if (!task_in_scope(parent))
		return 0;
	inherited = process_of(parent);
	process = process_create(child);
	if (!process)
		return 0;
	if (process->image.pid) /* the iterator was quicker */
		return 0;

	process->image.start_ns = kload(child, start_boottime);
	process->image.pid = kload(child, tgid);
	process->process_start_ns = process->image.start_ns;
	process->flags = SECD_IMAGE_CLONE;
	if (inherited) {
		process->parent = inherited->image;
		process->credentials = inherited->credentials;
	} else {
		count(SECD_COUNTER_NO_PROCESS);
		process->parent.start_ns = kload(parent, start_boottime);
		process->parent.pid = kload(parent, tgid);
		credentials_read(&process->credentials, kload(child, cred));
	}
	if (kload(child, flags) & SECD_PF_KTHREAD)
		process->flags |= SECD_IMAGE_KERNEL_THREAD;
	if (in_init_tree(parent, inherited ? inherited->flags : 0, child, &record.pid_in_ns,
			 &pid_ns))
		process->flags |= SECD_IMAGE_INIT_TREE;

	record.image = process->image;
	record.parent = process->parent;
	record.cgroup_id = task_cgroup_id(child);
	record.flags = process->flags;
	record.tid = kload(parent, pid);
	if (pid_ns)
		record.pid_ns = kload(kcast(pid_namespace, pid_ns), ns.inum);
	record.clone_start_ns = process->process_start_ns;
	bpf_probe_read_kernel(record.comm, sizeof(record.comm), child->comm);
	emit(&record.head, sizeof(record), SECD_KIND_FORK, SECD_RING_LIFECYCLE,
	     process->image.start_ns);
	/* clone(CLONE_NEWUSER): the child begins with all capabilities of its new namespace. */
	if (kload(child, cred, user_ns) != kload(parent, cred, user_ns))
		credentials_changed(child, child->cred, ~0U);
	return 0;
}

#endif
