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
static __always_inline __u32 row_of_process(struct secd_policy_hook *hook, struct task_struct *task,
					    __u32 generation)
{
	struct secd_policy_dimension *dimension = &hook->dimension[0];
	__u32 class, *number;

	if (!hook->dimensions || dimension->input != SECD_POLICY_IN_PROCESS)
		return SECD_POLICY_NONE;
	class = process_class_kept(task, generation, dimension->slot);
	if (class >= SECD_POLICY_UNREADABLE) /* absent, or not kept, too */
		return SECD_POLICY_NONE;
	number = policy_index(generation & 1, dimension->index + class);
	return number ? *number : SECD_POLICY_NONE;
}

/*
 * Sees to it that what the hook asks of the process is kept. Before anything is judged, because calls may be
 * eight deep and have 512 bytes of stack together. Where a row is known, all classes are.
 */
static __always_inline void event_prepare(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	if ((hook->flags & SECD_POLICY_HOOK_CLASSES) && row == SECD_POLICY_NONE)
		policy_process_update(work);
	if (hook->flags & SECD_POLICY_HOOK_MARKS)
		policy_keep_marks(work);
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
	work->sock_columns = 0;
	work->end = POLICY_BYTES;
	work->is_uncertain = 0;
	work->sets[SECD_POLICY_SET_TOLD].summary = 0;
	work->sets[SECD_POLICY_SET_UNCERTAIN].summary = 0;
	work->sets[SECD_POLICY_SET_ENFORCED].summary = 0;
	work->sets[SECD_POLICY_SET_MONITORED].summary = 0;
}

/*
 * Whether an event is to be judged at all. At the return of a hook that waits nobody is sent away: who is in
 * no rule now, or outside the scope, may have been in one, or inside, when the call was made. Outside there
 * are no hooks.
 */
static __always_inline struct event event_begin(__u32 number, bool returning)
{
	__u32 generation = current_generation();
	struct task_struct *task;
	struct event event = {};
	struct policy_work *work;

	event.row = SECD_POLICY_NONE;
	if (!generation || !number)
		return event;
	event.hook = policy_hook(generation & 1, number);
	if (!event.hook)
		return event;
	task = bpf_get_current_task_btf();
	if (!(returning && (event.hook->flags & SECD_POLICY_HOOK_WAITS))) {
		if (is_outside()) {
			event.hook = NULL;
			return event;
		}
		event.row = row_of_process(event.hook, task, generation);
	}
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
	work->task = (__u64)task;
	work->generation = generation;
	work->hook = number;
	work->flags = 0;
	work->missing = 0;
	work->frame = 0;
	work->place = 0;
	work->walk.column = 0;
	work->returning = returning;
	work->again = 0;
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

/*
 * A call that was made: judged, acted upon, told or kept. Global, as policy_returned is: verified once,
 * however many hooks a program judges.
 */
__noinline int policy_made(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	__u32 first = row != SECD_POLICY_NONE;

	if (!work || !hook)
		return 0;
	event_prepare(work, hook, row);
	work_begin(work, hook, row);
	if (!judge(work, hook, first, hook->dimensions - first) || is_own_call(work, hook))
		return 0;
	decide(work, hook);
	if (hook->flags & SECD_POLICY_HOOK_WAITS) {
		if (!work->matched.summary || policy_keep(work, hook))
			return 0;
		count(SECD_COUNTER_MAP_FULL);
		work->flags |= SECD_POLICY_EVENT_LOST_ENTRY;
		__builtin_memcpy(&work->sets[SECD_POLICY_SET_TOLD], &work->matched,
				 sizeof(work->matched));
	}
	if (work->sets[SECD_POLICY_SET_TOLD].summary)
		tell(work, hook);
	return 0;
}

/* Whether a call that was kept is judged anew, by the tables that judged it first. */
static __always_inline bool is_judged_again(const struct policy_work *work,
					    const struct secd_policy_hook *then)
{
	return (then->flags & SECD_POLICY_HOOK_AGAIN) && work->is_uncertain &&
	       !(work->sets[SECD_POLICY_SET_ENFORCED].summary |
		 work->sets[SECD_POLICY_SET_MONITORED].summary);
}

/*
 * Which dimensions are judged when a call returns: at a hook that waits those of the return, where the tables
 * of the call still stand, else all, by the tables of now. Returns false where nothing waits for the return.
 */
static __always_inline bool return_begin(struct policy_work *work, struct secd_policy_hook *hook, __u32 row,
					 __u32 *first, __u32 *count)
{
	__u32 now = work->generation, flags = work->flags;
	struct secd_policy_hook *then;
	__u64 call_ns = 0;

	if (hook->flags & SECD_POLICY_HOOK_WAITS) {
		if (!policy_resume(work))
			return false;
		call_ns = work->call_ns;
		then = hook_of_generation(work->generation, work->hook);
		if (then && is_judged_again(work, then)) {
			work->again = 1;
			now = work->generation;
			flags = work->flags;
			work->slot = now & 1;
			hook = then;
		} else if (then) {
			work_continue(work);
			*first = then->dimensions;
			*count = then->return_dimensions;
			return true;
		} else {
			flags = work->flags | SECD_POLICY_EVENT_REJUDGED;
		}
		work->generation = now;
		work->flags = flags;
	}
	event_prepare(work, hook, row);
	work_begin(work, hook, row);
	work->call_ns = call_ns;
	*first = row != SECD_POLICY_NONE;
	/* Those of the return stand behind those of the call. */
	*count = hook->dimensions + hook->return_dimensions - *first;
	return true;
}

/* The return of a call; at a hook that waits, of one that matched when it was made. */
__noinline int policy_returned(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	__u32 first = 0, count = 0;

	if (!work || !hook || !return_begin(work, hook, row, &first, &count))
		return 0;
	/* Of the generation that return_begin settled on. */
	hook = policy_hook(work->slot & 1, work->hook);
	if (!hook)
		return 0;
	if (judge(work, hook, first, count) && !is_own_call(work, hook) && decide(work, hook))
		tell(work, hook);
	return 0;
}

/* Judges what event_begin began; returns what the hook may return to the kernel. */
static __always_inline int event_end(struct event *event)
{
	struct policy_work *work = event->work;
	int verdict;

	policy_made(work, event->hook, event->row);
	verdict = work->verdict;
	work_release(work);
	return verdict;
}

/* The same of a return. */
static __always_inline void event_end_return(struct event *event)
{
	policy_returned(event->work, event->hook, event->row);
	work_release(event->work);
}

#endif
