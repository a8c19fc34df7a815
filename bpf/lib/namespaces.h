/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Namespaces of a task, by inode number. */
#ifndef SECD_LIB_NAMESPACES_H
#define SECD_LIB_NAMESPACES_H

#include "../kernel/access.h"
#include "../abi/process.h"

/* The pid namespace a task lives in, and its number there: the last of its pid's levels. */
static __always_inline struct pid_namespace *task_pid_ns(struct task_struct *task, __u32 *number)
{
	struct pid *pid = kload(task, thread_pid);
	__u32 level = pload(pid, level);
	/* `numbers` is a flexible array: its element is reached by address. */
	__u64 address = (__u64)pid + bpf_core_field_offset(struct pid, numbers) +
			(level & 63) * bpf_core_type_size(struct upid);
	struct upid *upid = kcast(upid, address);

	*number = pload(upid, nr);
	return pload(upid, ns);
}

static __always_inline void namespaces_read(struct secd_namespaces *out, struct task_struct *task,
					    const struct cred *cred, __u32 *pid_in_ns)
{
	struct nsproxy *proxy = kload(task, nsproxy);
	struct pid_namespace *pid_ns = task_pid_ns(task, pid_in_ns), *children;
	struct time_namespace *time, *time_for_children;
	__u32 pid_number = pid_ns ? pload(kcast(pid_namespace, pid_ns), ns.inum) : 0, time_number;

	out->pid = pid_number;
	out->user = pload(cred, user_ns, ns.inum);
	if (!proxy)
		return;
	out->uts = pload(proxy, uts_ns, ns.inum);
	out->ipc = pload(proxy, ipc_ns, ns.inum);
	out->mnt = pload(proxy, mnt_ns, ns.inum);
	out->net = pload(proxy, net_ns, ns.inum);
	out->cgroup = pload(proxy, cgroup_ns, ns.inum);
	/* Those for children are nearly always the task's own. */
	children = pload(proxy, pid_ns_for_children);
	if (children != pid_ns)
		pid_number = pload(children, ns.inum);
	out->pid_for_children = pid_number;
	time = pload(proxy, time_ns);
	time_for_children = pload(proxy, time_ns_for_children);
	time_number = pload(time, ns.inum);
	out->time = time_number;
	if (time_for_children != time)
		time_number = pload(time_for_children, ns.inum);
	out->time_for_children = time_number;
}

#endif
