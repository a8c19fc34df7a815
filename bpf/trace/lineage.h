/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Marks at fork: what the parent has, the child inherits. (clone(CLONE_PARENT) makes a sibling; it counts as
 * a child of who called it, so that nobody leaves a line that way.)
 */
#ifndef SECD_TRACE_LINEAGE_H
#define SECD_TRACE_LINEAGE_H

#include "judge.h"

static __always_inline void lineage_inherit(struct policy_work *work, struct task_struct *child)
{
	struct secd_policy_process *parent;
	struct secd_policy_ancestry *ancestry;
	struct secd_policy_above *above;

	policy_keep_marks(work);
	parent = process_with_marks(work);
	if (!parent)
		return;
	ancestry = bpf_task_storage_get(&secd_policy_ancestries, child, NULL,
					BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!ancestry) {
		count(SECD_COUNTER_STORAGE_FULL);
		return;
	}
	above = &ancestry->slot[work->slot & 1];
	__builtin_memcpy(above->set, parent->marks, sizeof(above->set));
	__builtin_memcpy(above->unknown, parent->marks_unknown, sizeof(above->unknown));
	above->generation = work->generation;
}

static __always_inline int lineage_forked(struct task_struct *child)
{
	__u32 number = current_generation();
	struct secd_policy_generation *generation = policy_generation(number & 1, 0);
	struct policy_work *work;

	if (!number || !generation || !generation->lineages || kload(child, pid) != kload(child, tgid))
		return 0;
	work = work_claim();
	if (!work)
		return 0;
	work->slot = number & 1;
	work->generation = number;
	lineage_inherit(work, child);
	work_release(work);
	return 0;
}

#endif
