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
	__u32 level = kload(pid, level);
	/* `numbers` is a flexible array: its element is reached by address. */
	__u64 address = (__u64)pid + bpf_core_field_offset(struct pid, numbers) +
			(level & 63) * bpf_core_type_size(struct upid);
	struct upid *upid = kcast(upid, address);

	*number = kload(upid, nr);
	return kload(upid, ns);
}

static __always_inline void namespaces_read(struct secd_namespaces *out, struct task_struct *task,
					    const struct cred *cred, __u32 *pid_in_ns)
{
	struct nsproxy *proxy = kload(task, nsproxy);
	struct pid_namespace *pid_ns = task_pid_ns(task, pid_in_ns);

	if (pid_ns)
		out->pid = kload(kcast(pid_namespace, pid_ns), ns.inum);
	out->user = kload(cred, user_ns, ns.inum);
	if (!proxy)
		return;
	out->uts = kload(proxy, uts_ns, ns.inum);
	out->ipc = kload(proxy, ipc_ns, ns.inum);
	out->mnt = kload(proxy, mnt_ns, ns.inum);
	out->pid_for_children = kload(proxy, pid_ns_for_children, ns.inum);
	out->net = kload(proxy, net_ns, ns.inum);
	out->time = kload(proxy, time_ns, ns.inum);
	out->time_for_children = kload(proxy, time_ns_for_children, ns.inum);
	out->cgroup = kload(proxy, cgroup_ns, ns.inum);
}

#endif
