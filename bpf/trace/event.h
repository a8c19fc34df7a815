/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An event from its gate to its record: event_begin, then the mechanism writes what it knows of the call into
 * the work, then event_end judges, acts, tells and gives the work back.
 */
#ifndef SECD_TRACE_EVENT_H
#define SECD_TRACE_EVENT_H

#include "wait.h"

/* What is judged; its work and tables, or a work of NULL. */
struct event {
	struct policy_work *work;
	struct secd_policy_hook *hook;
	__u32 row;                /* of the first dimension, where it was looked at already; or NONE */
};

/*
 * The row of the first dimension, where that is a class of the process and known; else NONE. Most processes
 * are in no rule, and this costs them one look at their storage.
 */
static __always_inline __u32 row_of_process(struct secd_policy_hook *hook, __u32 generation)
{
	struct secd_policy_dimension *dimension = &hook->dimension[0];
	__u32 class, *number;

	if (!hook->dimensions || dimension->input != SECD_POLICY_IN_PROCESS)
		return SECD_POLICY_NONE;
	class = process_class_kept(bpf_get_current_task_btf(), generation, dimension->slot);
	if (class >= SECD_POLICY_UNREADABLE) /* absent, or not kept, too */
		return SECD_POLICY_NONE;
	number = policy_index(generation & 1, dimension->index + class);
	return number ? *number : SECD_POLICY_NONE;
}

/* Begins with all rules of the hook, or with those of a row. */
static __always_inline void work_begin(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	__u32 number = row == SECD_POLICY_NONE ? hook->all_row : row;
	struct secd_policy_row *all = policy_row(work->slot & 1, number);

	work->row_count = 1;
	work->rows[0] = number;
	work->is_computed = 0;
	work->summary = all ? all->summary : 0;
	work->call_ns = 0;
	work->held_back = 0;
	work->stacks = 0;
	work->read = 0;
	work->shown = 0;
	work->end = POLICY_BYTES;
	work->is_uncertain = 0;
	work->sets[SECD_POLICY_SET_TOLD].summary = 0;
	work->sets[SECD_POLICY_SET_UNCERTAIN].summary = 0;
	work->sets[SECD_POLICY_SET_ENFORCED].summary = 0;
	work->sets[SECD_POLICY_SET_MONITORED].summary = 0;
}

/*
 * Whether an event is to be judged at all. At the return of a hook that waits nobody is sent away: who is in
 * no rule now may have been in one when the call was made.
 */
static __always_inline struct event event_begin(__u32 number, bool returning)
{
	__u32 generation = current_generation();
	struct event event = {};
	struct policy_work *work;

	event.row = SECD_POLICY_NONE;
	if (!generation || !number)
		return event;
	event.hook = policy_hook(generation & 1, number);
	if (!event.hook)
		return event;
	if (!(returning && (event.hook->flags & SECD_POLICY_HOOK_WAITS)))
		event.row = row_of_process(event.hook, generation);
	if (event.row != SECD_POLICY_NONE) {
		struct secd_policy_row *row = policy_row(generation & 1, event.row);

		if (!row || !row->summary)
			return event;
	}
	work = work_claim();
	event.work = work;
	if (!work)
		return event;
	work->slot = generation & 1;
	work->generation = generation;
	work->hook = number;
	work->flags = 0;
	work->returning = returning;
	work->verdict = 0;
	return event;
}

/* The tables of a hook in a generation, if they still stand. */
static __always_inline struct secd_policy_hook *hook_of_generation(__u32 generation, __u32 hook)
{
	struct secd_policy_generation *tables = policy_generation(generation & 1, 0);

	if (!tables || tables->generation != generation)
		return NULL;
	return policy_hook(generation & 1, hook);
}

/* Goes on where a call left off: with the rules that matched. */
static __always_inline void work_continue(struct policy_work *work)
{
	work->slot = work->generation & 1;
	__builtin_memcpy(&work->computed, &work->matched, sizeof(work->computed));
	work->is_computed = 1;
	work->row_count = 0;
	work->summary = work->matched.summary;
}

/* All dimensions of the call; the first is done where its row is known. */
static __always_inline bool judge_call(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	__u32 first = row != SECD_POLICY_NONE;

	work_begin(work, hook, row);
	return judge(work, hook, first, hook->dimensions - first);
}

/* A call that was made: judged, acted upon, told or kept. */
static __always_inline void event_made(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	if (!judge_call(work, hook, row) || is_own_call(hook))
		return;
	decide(work, hook);
	if (hook->flags & SECD_POLICY_HOOK_WAITS) {
		if (!work->matched.summary || policy_keep(work, hook))
			return;
		count(SECD_COUNTER_MAP_FULL);
		work->flags |= SECD_POLICY_EVENT_LOST_ENTRY;
		__builtin_memcpy(&work->sets[SECD_POLICY_SET_TOLD], &work->matched,
				 sizeof(work->matched));
	}
	if (work->sets[SECD_POLICY_SET_TOLD].summary)
		policy_tell(work, hook);
}

/*
 * The return of a call; at a hook that waits, of one that matched when it was made. Where the tables of then
 * are gone, it is judged anew by those of now.
 */
static __always_inline void event_returned(struct policy_work *work, struct secd_policy_hook *hook,
					   __u32 row)
{
	struct secd_policy_hook *then = NULL;
	__u32 now = work->generation, flags = work->flags;

	if (hook->flags & SECD_POLICY_HOOK_WAITS) {
		if (!policy_resume(work))
			return;
		then = hook_of_generation(work->generation, work->hook);
		flags = work->flags | SECD_POLICY_EVENT_REJUDGED;
	}
	if (then) {
		hook = then;
		work_continue(work);
	} else {
		work->generation = now;
		work->flags = flags;
		if (!judge_call(work, hook, row))
			return;
	}
	if (judge(work, hook, hook->dimensions, hook->return_dimensions) && !is_own_call(hook) &&
	    decide(work, hook))
		policy_tell(work, hook);
}

/* Judges what event_begin began; returns what the hook may return to the kernel. */
static __always_inline int event_end(struct event *event)
{
	struct policy_work *work = event->work;
	int verdict;

	event_made(work, event->hook, event->row);
	verdict = work->verdict;
	work_release(work);
	return verdict;
}

/* The same of a return. */
static __always_inline void event_end_return(struct event *event)
{
	event_returned(event->work, event->hook, event->row);
	work_release(event->work);
}

#endif
