/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of the machine that this daemon watches (--netns, --cgroup-root). Sockets and files of
 * tasks outside are ignored before anything is read or numbered, and no policy judges what they do.
 * Processes outside are recorded and marked: what is inside descends from them, and the daemon tells none
 * of them for itself. By default the scope is everything and the verifier removes these tests.
 */
#ifndef SECD_LIB_SCOPE_H
#define SECD_LIB_SCOPE_H

#include "agent.h"
#include "counters.h"
#include "hierarchy.h"

static __always_inline bool net_in_scope(struct task_struct *task)
{
	struct nsproxy *proxy = kload(task, nsproxy);

	return proxy && kload(proxy, net_ns, ns.inum) == secd_agent.net_scope;
}

/* The cgroup of the scope, or one below: its ancestor at that depth. */
static __always_inline bool cgroup_in_scope(struct task_struct *task)
{
	struct cgroup *cgroup = task_cgroup(plain(task)), *ancestor;

	if (kload(cgroup, level) < (int)secd_agent.cgroup_level)
		return false;
	ancestor = pointer_at((void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors) +
			      8ULL * secd_agent.cgroup_level);
	ancestor = kcast(cgroup, ancestor);
	return kload(ancestor, kn, id) == secd_agent.cgroup_scope;
}

/* Whether a task, running or not, is inside the scope now; nothing of it is left out where it is not. */
static __always_inline bool is_task_inside(struct task_struct *task)
{
	return (!secd_agent.net_scope || net_in_scope(task)) &&
	       (!secd_agent.cgroup_scope || cgroup_in_scope(task));
}

/* The same for something that is left out where it is not. */
static __always_inline bool task_in_scope(struct task_struct *task)
{
	if (is_task_inside(task))
		return true;
	count(SECD_COUNTER_OUT_OF_SCOPE);
	return false;
}

#endif
