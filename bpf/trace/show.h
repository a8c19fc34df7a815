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
static __always_inline void show_column(struct policy_work *work, struct secd_policy_hook *hook, __u32 index)
{
	struct secd_policy_value *value;
	__u32 flags;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	flags = hook->column[index].flags;
	if (!(flags & SECD_POLICY_COLUMN_SHOWN))
		return;
	if ((flags & SECD_POLICY_COLUMN_RETURN) && !work->returning && !is_told_early(work))
		return;
	if (!(work->read >> index & 1))
		column_read(work, hook, index);
	value = &work->values[index];
	if (value->state <= SECD_POLICY_VALUE_TRUNCATED)
		value_make_text(work, value, &work->files[index]);
	work->shown |= 1U << index;
}

static long show_step(__u32 index, struct show_walk *walk)
{
	show_column(walk->work, walk->hook, index + 1);
	return 0;
}

/* Reads all columns that events show; work->shown has their bits. */
__noinline int policy_show(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct show_walk walk = { .work = work, .hook = hook };

	if (!work || !hook)
		return 0;
	show_column(work, hook, 0);
	if (hook->columns > 1)
		bpf_loop(hook->columns - 1, show_step, &walk, 0);
	return 0;
}

#endif
