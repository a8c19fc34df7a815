/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fork, vfork, clone: a new process inherits its parent's record. Threads are not processes. */
#ifndef SECD_PROCESS_FORK_H
#define SECD_PROCESS_FORK_H

#include "../lib/emit.h"
#include "../lib/process.h"
#include "../lib/scope.h"
#include "../lib/words.h"
#include "credentials.h"

static __always_inline int thread_started(struct task_struct *thread)
{
	struct secd_process *process = process_of(thread);

	/* Those of an older process are not counted: nobody knows how many there were. */
	if (process && process->threads_started)
		__sync_fetch_and_add(&process->threads_started, 1);
	return 0;
}

/*
 * Whether a new process may have other credentials than its parent's image: clone(CLONE_NEWUSER)
 * begins with all capabilities of its new namespace, and credentials are a thread's, so the one
 * that forks may have its own. Else they need not be read: that is 0.5 us of cold memory.
 */
static __always_inline bool credentials_may_differ(struct task_struct *parent, struct task_struct *child)
{
	return kload(parent, signal, nr_threads) > 1 ||
	       kload(child, cred, user_ns) != kload(parent, cred, user_ns);
}

static __always_inline int process_forked(struct task_struct *parent, struct task_struct *child)
{
	struct secd_process *inherited, *process;
	struct pid_namespace *pid_ns = NULL;
	struct secd_fork *record;
	__u32 pid_in_ns;
	bool own_credentials = true;

	if (kload(child, pid) != kload(child, tgid))
		return thread_started(child);
	inherited = process_of(parent);
	/* Being made this instant by the iterator, on another CPU. */
	if (inherited && !inherited->image.start_ns)
		inherited = NULL;
	process = process_begin(child);
	if (!process)
		return 0;
	if (process->image.start_ns) /* the iterator was quicker */
		return 0;

	process->image.start_ns = kload(child, start_boottime);
	process->image.pid = kload(child, tgid);
	process->process_start_ns = process->image.start_ns;
	process->threads_started = 1;
	process->flags = SECD_IMAGE_CLONE;
	if (!task_in_scope(child))
		process->flags |= SECD_IMAGE_OUT_OF_SCOPE;
	if (inherited && !credentials_may_differ(parent, child)) {
		process->credentials = inherited->credentials;
		own_credentials = false;
	} else {
		credentials_read(&process->credentials, kload(child, cred));
	}
	if (inherited) {
		process->parent = inherited->image;
		process->flags |= inherited->flags & SECD_IMAGE_OWN_MOUNTS;
		if (in_init_tree(parent, inherited->flags, child, &pid_in_ns, &pid_ns))
			process->flags |= SECD_IMAGE_INIT_TREE;
	} else {
		count(SECD_COUNTER_NO_PROCESS);
		process_parent_now(process, child);
		process->flags |= task_own_mounts(child);
		pid_ns = task_pid_ns(child, &pid_in_ns);
		if (in_init_tree_now(child))
			process->flags |= SECD_IMAGE_INIT_TREE;
	}
	if (kload(child, flags) & SECD_PF_KTHREAD)
		process->flags |= SECD_IMAGE_KERNEL_THREAD;

	record = record_reserve(sizeof(*record), SECD_KIND_FORK, SECD_RING_LIFECYCLE,
				process->image.start_ns);
	if (record) {
		record->image = process->image;
		record->parent = process->parent;
		record->cgroup_id = task_cgroup_id(plain(child));
		record->flags = process->flags;
		record->tid = kload(parent, pid);
		record->pid_ns = pid_ns ? kload(kcast(pid_namespace, pid_ns), ns.inum) : 0;
		record->pid_in_ns = pid_in_ns;
		record->clone_start_ns = process->process_start_ns;
		comm_copy(record->comm, child);
		record_submit(&record->head, SECD_RING_LIFECYCLE);
	}
	if (inherited && own_credentials &&
	    credentials_differ(&process->credentials, &inherited->credentials))
		credentials_record(child, &process->image, &inherited->credentials,
				   &process->credentials, kload(child, cred), ~0U);
	return 0;
}

#endif
