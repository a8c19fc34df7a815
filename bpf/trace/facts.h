/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers of the running process, as they are now: process numbers, namespaces, capabilities. */
#ifndef SECD_TRACE_FACTS_H
#define SECD_TRACE_FACTS_H

#include "../lib/credentials.h"
#include "../lib/namespaces.h"
#include "origin.h"
#include "work.h"

static __always_inline __u32 namespace_number(struct task_struct *task, __u32 kind)
{
	struct nsproxy *proxy = kload(task, nsproxy);
	struct pid_namespace *pid_ns;
	__u32 number;

	if (kind == 9)
		return kload(task, cred, user_ns, ns.inum);
	if (kind == 3) {
		pid_ns = task_pid_ns(task, &number);
		return pid_ns ? kload(kcast(pid_namespace, pid_ns), ns.inum) : 0;
	}
	if (!proxy)
		return 0;
	switch (kind) {
	case 0:
		return kload(proxy, uts_ns, ns.inum);
	case 1:
		return kload(proxy, ipc_ns, ns.inum);
	case 2:
		return kload(proxy, mnt_ns, ns.inum);
	case 4:
		return kload(proxy, pid_ns_for_children, ns.inum);
	case 5:
		return kload(proxy, net_ns, ns.inum);
	case 6:
		return kload(proxy, time_ns, ns.inum);
	case 7:
		return kload(proxy, time_ns_for_children, ns.inum);
	default:
		return kload(proxy, cgroup_ns, ns.inum);
	}
}

/* Reads a fact; false where it cannot be read. */
__noinline int policy_fact(struct policy_work *work, __u32 fact, __u32 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct cred *cred = kload(task, cred);
	__u32 number = 0;

	if (!work)
		return 0;
	work->bits[0] = 0;
	if (fact == SECD_POLICY_FACT_PID) {
		work->bits[0] = kload(task, tgid);
		return 1;
	}
	if (fact == SECD_POLICY_FACT_PID_IN_NS) {
		/* The process's own number: its first thread's. */
		task_pid_ns(kcast(task_struct, kload(task, group_leader)), &number);
		work->bits[0] = number;
		return 1;
	}
	if (fact >= SECD_POLICY_FACT_NAMESPACE) {
		__u32 kind = fact - SECD_POLICY_FACT_NAMESPACE;

		if (kind > 9)
			return 0;
		number = namespace_number(task, kind);
		bounded(kind, 15);
		if (kind > 9)
			return 0;
		work->bits[0] = number == secd_policy_setup.host_ns[kind] ? 0 : number;
		return number != 0;
	}
	if ((flags & SECD_POLICY_FACT_INITIAL_ONLY) && kload(cred, user_ns, level) != 0)
		return 1;
	if (fact >= SECD_POLICY_FACT_NAMESPACES_CHANGED)
		return origin_changes(task, fact, &work->origin, work->bits);
	if (fact == SECD_POLICY_FACT_EFFECTIVE)
		work->bits[0] = cred_caps(cred, cap_effective);
	else if (fact == SECD_POLICY_FACT_INHERITABLE)
		work->bits[0] = cred_caps(cred, cap_inheritable);
	else if (fact == SECD_POLICY_FACT_PERMITTED)
		work->bits[0] = cred_caps(cred, cap_permitted);
	else
		return 0;
	return 1;
}

#endif
