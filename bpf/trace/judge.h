/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The dimensions of a hook, one after the other, until no rule is left. Rows are kept by number, and only
 * their summaries are intersected here: the words are looked at once, when a rule may match.
 */
#ifndef SECD_TRACE_JUDGE_H
#define SECD_TRACE_JUDGE_H

#include "../lib/hierarchy.h"
#include "../lib/process.h"
#include "bits.h"
#include "facet.h"
#include "pair.h"
#include "process.h"

/* Cgroups that are climbed to find a workload. */
#define POLICY_CGROUP_LEVELS 16

/* Whether the running process belongs to the container that it is in the cgroup of (own_mounts). */
static __always_inline bool is_inside(struct task_struct *task)
{
	struct secd_process *process = process_of(task);

	return (process ? process->flags & SECD_IMAGE_OWN_MOUNTS : task_own_mounts(plain(task))) != 0;
}

/*
 * The class of the running process's cgroup, or of the nearest above it. A runtime's helper in the cgroup of
 * a container is of the host. A process with mounts of its own in a cgroup that is not known yet may be of a
 * container that just begins: that is unknown, not the host.
 */
__noinline __u32 policy_workload(struct policy_work *work)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cgroup *cgroup = task_cgroup(plain(task)), *ancestor;
	__u32 slot, *class;
	void *workloads;
	__u64 id;
	int level;

	if (!work)
		return SECD_POLICY_UNREADABLE;
	slot = work->slot & 1;
	workloads = bpf_map_lookup_elem(&secd_policy_workloads, &slot);
	if (!workloads)
		return SECD_POLICY_UNREADABLE;
	level = kload(cgroup, level);
	for (__u32 n = 0; n < POLICY_CGROUP_LEVELS && level >= 0; n++, level--) {
		ancestor = pointer_at((void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors) +
				      8ULL * (__u32)level);
		ancestor = kcast(cgroup, ancestor);
		id = kload(ancestor, kn, id);
		class = bpf_map_lookup_elem(workloads, &id);
		if (!class)
			continue;
		if (*class & SECD_POLICY_CLASS_CONTAINER) {
			if (is_inside(task))
				return *class & ~SECD_POLICY_CLASS_CONTAINER;
			id = SECD_POLICY_HOST_CGROUP;
			class = bpf_map_lookup_elem(workloads, &id);
			return class ? *class : SECD_POLICY_UNREADABLE;
		}
		return n && is_inside(task) ? SECD_POLICY_UNREADABLE : *class;
	}
	return SECD_POLICY_UNREADABLE;
}

struct doubt_walk {
	struct policy_work *work;
	__u32 row;
	__u32 reserved;
};

static long doubt_step(__u32 word, struct doubt_walk *walk)
{
	struct policy_work *work = walk->work;
	__u64 rules;

	if (word >= SECD_POLICY_WORDS)
		return 1;
	rules = row_word(work->slot & 1, walk->row, word);
	if (work->is_uncertain)
		rules |= work->uncertain.words[word];
	work->uncertain.words[word] = rules;
	return 0;
}

/* Rules of a row become uncertain. */
__noinline int policy_doubt(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	struct doubt_walk walk = { .work = work, .row = row };

	if (!work || !hook)
		return 0;
	bpf_loop(hook->words, doubt_step, &walk, 0);
	work->is_uncertain = 1;
	return 0;
}

/* The row of a result. */
static __always_inline __u32 row_of_result(struct policy_work *work, struct secd_policy_hook *hook,
					   const struct secd_policy_dimension *dimension, __u32 result)
{
	__u32 *row;

	if (result == SECD_POLICY_ABSENT)
		return dimension->absent_row;
	if (result == SECD_POLICY_UNREADABLE) {
		policy_doubt(work, hook, dimension->constrained_row);
		return dimension->unreadable_row;
	}
	if (dimension->index == SECD_POLICY_NONE)
		return result;
	row = policy_index(work->slot & 1, dimension->index + result);
	return row ? *row : SECD_POLICY_NONE;
}

static __always_inline __u32 dimension_result(struct policy_work *work, struct secd_policy_hook *hook,
					      struct secd_policy_dimension *dimension)
{
	if (dimension->input == SECD_POLICY_IN_PROCESS)
		return process_class(work, dimension->slot);
	if (dimension->input == SECD_POLICY_IN_COLUMN)
		return facet_result(work, hook, dimension);
	if (dimension->input == SECD_POLICY_IN_WORKLOAD)
		return policy_workload(work);
	if (!policy_fact(work, dimension->fact, dimension->fact_flags))
		return SECD_POLICY_UNREADABLE;
	return policy_search(work->slot, &dimension->lookup, work->bits[0]);
}

/* The row of a dimension whose input is none of bits. */
static __always_inline struct secd_policy_row *dimension_row(struct policy_work *work,
							     struct secd_policy_hook *hook,
							     struct secd_policy_dimension *dimension,
							     __u32 result)
{
	__u32 number = row_of_result(work, hook, dimension, result);
	__u32 at = work->row_count;

	bounded(at, POLICY_ROWS - 1);
	work->rows[at] = number;
	work->row_count = at + 1;
	return policy_row(work->slot & 1, number);
}

struct judge_walk {
	struct policy_work *work;
	struct secd_policy_hook *hook;
	__u32 first;
	__u32 reserved;
};

/* One dimension; returns 1 where no rule is left. */
static long judge_step(__u32 index, struct judge_walk *walk)
{
	struct secd_policy_dimension *dimension;
	struct policy_work *work = walk->work;
	struct secd_policy_row *row;
	__u32 at = walk->first + index, result;

	bounded(at, SECD_POLICY_DIMENSIONS_MAX - 1);
	dimension = &walk->hook->dimension[at];
	if (dimension->input >= SECD_POLICY_IN_COLUMN_BITS) {
		policy_bits(work, walk->hook, at);
		work->summary &= work->computed.summary;
		return !work->summary;
	}
	result = dimension_result(work, walk->hook, dimension);
	if (dimension->input == SECD_POLICY_IN_PROCESS && result < SECD_POLICY_UNREADABLE &&
	    (result & SECD_POLICY_CLASS_PAIR)) {
		policy_pair(work, walk->hook, at, result & ~SECD_POLICY_CLASS_PAIR);
		work->summary &= work->computed.summary;
	} else {
		row = dimension_row(work, walk->hook, dimension, result);
		work->summary &= row ? row->summary : 0;
	}
	return !work->summary;
}

/*
 * Judges `count` dimensions from `first`; true where a rule may be left. A callback, because the verifier
 * walks it once, and a loop as often as there may be dimensions.
 */
static __always_inline bool judge(struct policy_work *work, struct secd_policy_hook *hook, __u32 first,
				  __u32 count)
{
	struct judge_walk walk = { .work = work, .hook = hook, .first = first };

	if (work->summary)
		bpf_loop(count, judge_step, &walk, 0);
	return work->summary != 0;
}

#endif
