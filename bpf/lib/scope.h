/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of the machine that this daemon watches (--netns, --cgroup-root): what is outside
 * is ignored before anything is read or numbered. By default the scope is everything and the
 * verifier removes these tests.
 */
#ifndef SECD_LIB_SCOPE_H
#define SECD_LIB_SCOPE_H

#include "agent.h"
#include "counters.h"

/* Network namespace and cgroup of a task are inside the scope. */
static __always_inline bool task_in_scope(struct task_struct *task)
{
	if (secd_agent.net_scope) {
		struct nsproxy *proxy = kload(task, nsproxy);

		if (!proxy || kload(proxy, net_ns, ns.inum) != secd_agent.net_scope) {
			count(SECD_COUNTER_OUT_OF_SCOPE);
			return false;
		}
	}
	if (secd_agent.cgroup_scope &&
	    bpf_get_current_ancestor_cgroup_id(secd_agent.cgroup_level) != secd_agent.cgroup_scope) {
		count(SECD_COUNTER_OUT_OF_SCOPE);
		return false;
	}
	return true;
}

#endif
