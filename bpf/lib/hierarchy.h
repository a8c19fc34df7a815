/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hierarchy of cgroups that tells workloads: v2, or on hosts that keep their containers in v1 one of its
 * hierarchies. Nobody but these functions knows which; with v2 the verifier removes the rest.
 *
 * Of v1 a task has no pointer to its cgroup, but to the state that a controller keeps of it. Which controller
 * has which place there differs between kernels: the daemon reads it from their types. A hierarchy without a
 * controller (name=systemd) could only be found by walking a list under a lock.
 */
#ifndef SECD_LIB_HIERARCHY_H
#define SECD_LIB_HIERARCHY_H

#include "agent.h"

/* The cgroup of a task. `task` must be plain. */
static __always_inline struct cgroup *task_cgroup(struct task_struct *task)
{
	struct css_set *set = pload(task, cgroups);
	struct cgroup_subsys_state *state;

	if (!secd_agent.cgroup_hierarchy)
		return pload(set, dfl_cgrp);
	state = pointer_at((void *)set + bpf_core_field_offset(struct css_set, subsys) +
			   8ULL * secd_agent.cgroup_subsystem);
	state = kcast(cgroup_subsys_state, state);
	return pload(state, cgroup);
}

/* The number of its cgroup: the inode of the directory. */
static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return pload(task_cgroup(task), kn, id);
}

/* Whether a cgroup is of that hierarchy: ids of different ones overlap. */
static __always_inline bool is_workload_hierarchy(struct cgroup *cgroup)
{
	return (__u32)kload(cgroup, root, hierarchy_id) == secd_agent.cgroup_hierarchy;
}

#endif
