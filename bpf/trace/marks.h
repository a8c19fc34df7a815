/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Marks: predicates on a process that its descendants inherit. What it is itself is looked up; what those
 * above it were stands in its ancestry, from its fork on.
 */
#ifndef SECD_TRACE_MARKS_H
#define SECD_TRACE_MARKS_H

#include "process.h"

/* The result of the running process in a table of marks: a row, NONE, ABSENT or UNREADABLE. */
__noinline __u32 policy_lineage(struct policy_work *work, struct secd_policy_generation *generation,
				__u32 index)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_lineage *lineage;
	struct mm_struct *mm = kload(task, mm);

	if (!work || !generation)
		return SECD_POLICY_ABSENT;
	bounded(index, SECD_POLICY_LINEAGES_MAX - 1);
	lineage = &generation->lineage[index];
	if (lineage->fact == SECD_POLICY_FACT_BINARY)
		return mm ? class_of_file(work, &lineage->lookup, kload(mm, exe_file))
			  : SECD_POLICY_ABSENT;
	if (!policy_fact(work, lineage->fact, 0))
		return SECD_POLICY_UNREADABLE;
	return policy_search(work->slot, &lineage->lookup, work->bits[0]);
}

/* The result of its script in a table of marks of files. */
__noinline __u32 policy_lineage_of_script(struct policy_work *work, struct secd_policy_generation *generation,
					  __u32 index)
{
	struct secd_policy_lineage *lineage;

	if (!work || !generation)
		return SECD_POLICY_ABSENT;
	bounded(index, SECD_POLICY_LINEAGES_MAX - 1);
	lineage = &generation->lineage[index];
	if (lineage->fact != SECD_POLICY_FACT_BINARY)
		return SECD_POLICY_ABSENT;
	return class_of_script(work, &lineage->lookup, script_of_process(bpf_get_current_task_btf()));
}

static __always_inline void marks_add(__u64 *marks, __u32 slot, __u32 number)
{
	struct secd_policy_row *row = policy_row(slot, number);

	if (!row)
		return;
	marks[0] |= row->words[0];
	marks[1] |= row->words[1];
	marks[2] |= row->words[2];
	marks[3] |= row->words[3];
}

/* What a result in table `index` says. */
static __always_inline void marks_take(struct secd_policy_process *process,
				       struct secd_policy_generation *generation, __u32 slot, __u32 index,
				       __u32 result)
{
	if (result == SECD_POLICY_UNREADABLE)
		marks_add(process->marks_unknown, slot, generation->lineage[index].unreadable_row);
	else if (result < SECD_POLICY_UNREADABLE)
		marks_add(process->marks, slot, result);
}

/* Computes the marks of the running process: what it has itself, and what those above it have. */
static __always_inline void process_marks(struct policy_work *work, struct secd_policy_process *process,
					  struct secd_policy_generation *generation,
					  struct task_struct *task)
{
	struct secd_policy_ancestry *ancestry;
	struct secd_policy_above *above;
	__u32 slot = work->slot & 1;

	__builtin_memset(process->marks, 0, 4 * sizeof(process->marks));
	for (__u32 n = 0; n < SECD_POLICY_LINEAGES_MAX && n < generation->lineages; n++) {
		marks_take(process, generation, slot, n, policy_lineage(work, generation, n));
		marks_take(process, generation, slot, n, policy_lineage_of_script(work, generation, n));
	}
	process->ancestry = 0;
	ancestry = bpf_task_storage_get(&secd_policy_ancestries, task->group_leader, NULL, 0);
	above = ancestry ? &ancestry->slot[slot] : NULL;
	if (above && above->generation == work->generation) {
		__builtin_memcpy(process->above, above->set, sizeof(process->above));
		__builtin_memcpy(process->above_unknown, above->unknown, sizeof(process->above_unknown));
		process->ancestry = work->generation;
	} else {
		__builtin_memset(process->above_unknown, 0xff, sizeof(process->above_unknown));
	}
#pragma unroll
	for (int n = 0; n < SECD_POLICY_MARK_WORDS; n++) {
		process->marks[n] |= process->above[n];
		process->marks_unknown[n] =
			(process->marks_unknown[n] | process->above_unknown[n]) & ~process->marks[n];
	}
}

/* Sees to it that the marks of the running process are kept. Where its ancestry was not known, it is looked
 * at again. */
__noinline int policy_keep_marks(struct policy_work *work)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_generation *generation;
	struct secd_policy_ancestry *ancestry;
	struct secd_policy_process *process;

	if (!work)
		return 0;
	process = bpf_task_storage_get(&secd_policy_processes, task->group_leader, NULL,
				       BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!process) {
		count(SECD_COUNTER_STORAGE_FULL);
		return 0;
	}
	if (process->marks_generation == work->generation && process->marks_image == image_number(task)) {
		if (process->ancestry == work->generation)
			return 0;
		ancestry = bpf_task_storage_get(&secd_policy_ancestries, task->group_leader, NULL, 0);
		if (!ancestry || ancestry->slot[work->slot & 1].generation != work->generation)
			return 0;
	}
	generation = policy_generation(work->slot & 1, 0);
	if (!generation || generation->generation != work->generation)
		return 0;
	*(volatile __u32 *)&process->marks_generation = 0;
	process_marks(work, process, generation, task);
	process->marks_image = image_number(task);
	barrier();
	*(volatile __u32 *)&process->marks_generation = work->generation;
	return 0;
}

/* The running process with its marks, or NULL. */
static __always_inline struct secd_policy_process *process_with_marks(struct policy_work *work)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_process *process = policy_process_of(task);

	if (!process || process->marks_generation != work->generation ||
	    process->marks_image != image_number(task))
		return NULL;
	return process;
}

#endif
