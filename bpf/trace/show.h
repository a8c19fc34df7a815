/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The values that the events of a hook show. */
#ifndef SECD_TRACE_SHOW_H
#define SECD_TRACE_SHOW_H

#include "facet.h"

struct show_walk {
	struct policy_work *work;
	struct secd_policy_hook *hook;
};

/* Its record goes before the call returns: what only the return shows is unreadable in it. */
static __always_inline bool is_told_early(const struct policy_work *work)
{
	return work->flags & SECD_POLICY_EVENT_LOST_ENTRY;
}

/* Reads one column, if events show it. What the return shows waits for it. */
static long show_step(__u32 index, struct show_walk *walk)
{
	struct policy_work *work = walk->work;
	struct secd_policy_value *value;

	__u32 flags;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	flags = walk->hook->column[index].flags;
	if (!(flags & SECD_POLICY_COLUMN_SHOWN))
		return 0;
	if ((flags & SECD_POLICY_COLUMN_RETURN) && !work->returning && !is_told_early(work))
		return 0;
	column_read(work, walk->hook, index);
	value = &work->values[index];
	if (value->state <= SECD_POLICY_VALUE_TRUNCATED)
		value_make_text(work, value, &work->files[index]);
	work->shown |= 1U << index;
	return 0;
}

/* Reads all columns that events show; work->shown has their bits. */
__noinline int policy_show(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct show_walk walk = { .work = work, .hook = hook };

	if (!work || !hook)
		return 0;
	bpf_loop(hook->columns, show_step, &walk, 0);
	return 0;
}

#endif
