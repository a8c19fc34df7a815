/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An event from its gate to its record. */
#ifndef SECD_TRACE_EVENT_H
#define SECD_TRACE_EVENT_H

#include "wait.h"

/* What a mechanism knows of a call before anything is judged. */
struct policy_call {
	__u64 arguments[6];       /* fewer: the others are 0 */
	__u64 result;
	__u64 fields;
	__u32 hook;
	__u32 flags;              /* SECD_POLICY_EVENT_* */
	__u32 returning;
	__u32 reserved;
};

/*
 * Whether the first dimension alone leaves no rule, where it is a class of the process that is known: most
 * processes are in no rule, and this costs them one look at their storage.
 */
static __always_inline bool process_is_in_no_rule(struct secd_policy_hook *hook, __u32 generation)
{
	struct secd_policy_dimension *dimension = &hook->dimension[0];
	struct secd_policy_row *row;
	__u32 class, *number;

	if (!hook->dimensions || dimension->input != SECD_POLICY_IN_PROCESS)
		return false;
	class = process_class_kept(bpf_get_current_task_btf(), generation, dimension->slot);
	if (class >= SECD_POLICY_UNREADABLE) /* absent, or not kept, too */
		return false;
	number = policy_index(generation & 1, dimension->index + class);
	row = number ? policy_row(generation & 1, *number) : NULL;
	return row && !row->summary;
}

static __always_inline void work_begin(struct policy_work *work, const struct policy_call *call,
				       __u32 generation)
{
	work->slot = generation & 1;
	work->generation = generation;
	work->hook = call->hook;
	work->returning = call->returning;
	work->result = call->result;
	work->fields = call->fields;
	work->verdict = 0;
	work->row_count = 0;
	work->is_computed = 0;
}

/* Begins with all rules of the hook. */
static __always_inline void work_begin_call(struct policy_work *work, struct secd_policy_hook *hook,
					    const struct policy_call *call, __u32 generation)
{
	struct secd_policy_row *all = policy_row(generation & 1, hook->all_row);

	work->arguments[0] = call->arguments[0];
	work->arguments[1] = call->arguments[1];
	work->arguments[2] = call->arguments[2];
	work->arguments[3] = call->arguments[3];
	work->arguments[4] = call->arguments[4];
	work->arguments[5] = call->arguments[5];
	work->flags = call->flags;
	work->row_count = 1;
	work->rows[0] = hook->all_row;
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

/* A call that was made: judged, acted upon, told or kept. */
static __always_inline void call_made(struct policy_work *work, struct secd_policy_hook *hook)
{
	if (!judge(work, hook, 0, hook->dimensions))
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

/* Judges a call and acts; returns what the hook may return to the kernel. */
static __always_inline int policy_event(struct secd_policy_hook *hook, struct policy_call *call,
					__u32 generation)
{
	struct policy_work *work = work_claim();
	int verdict;

	if (!work)
		return 0;
	work_begin(work, call, generation);
	work_begin_call(work, hook, call, generation);
	call_made(work, hook);
	verdict = work->verdict;
	work_release(work);
	return verdict;
}

/* The tables of a hook in a generation, if they still stand. */
static __always_inline struct secd_policy_hook *hook_of_generation(__u32 generation, __u32 hook)
{
	struct secd_policy_generation *tables = policy_generation(generation & 1, 0);

	if (!tables || tables->generation != generation)
		return NULL;
	return policy_hook(generation & 1, hook);
}

/*
 * Goes on where a call left off: with the rules that matched. True where the tables of then still stand;
 * else the call is judged anew, by those of now.
 */
static __always_inline bool call_resumes(struct policy_work *work, struct policy_call *call,
					 __u32 *generation, struct secd_policy_hook **hook)
{
	struct secd_policy_hook *then = hook_of_generation(work->generation, call->hook);

	if (then) {
		*hook = then;
		*generation = work->generation;
		return true;
	}
	call->flags = work->flags | SECD_POLICY_EVENT_REJUDGED;
	call->arguments[0] = work->arguments[0];
	call->arguments[1] = work->arguments[1];
	call->arguments[2] = work->arguments[2];
	call->arguments[3] = work->arguments[3];
	call->arguments[4] = work->arguments[4];
	call->arguments[5] = work->arguments[5];
	return false;
}

/* The return of a call; at a hook that waits, of one that matched when it was made. */
static __always_inline int policy_return(struct secd_policy_hook *hook, struct policy_call *call,
					 __u32 generation)
{
	struct policy_work *work = work_claim();
	bool resumes = false;

	if (!work)
		return 0;
	if (hook->flags & SECD_POLICY_HOOK_WAITS) {
		if (!policy_resume(work, call->hook))
			goto out;
		resumes = call_resumes(work, call, &generation, &hook);
	}
	work_begin(work, call, generation);
	if (resumes) {
		__builtin_memcpy(&work->computed, &work->matched, sizeof(work->computed));
		work->is_computed = 1;
		work->summary = work->matched.summary;
	} else {
		work_begin_call(work, hook, call, generation);
		if (!judge(work, hook, 0, hook->dimensions))
			goto out;
	}
	if (judge(work, hook, hook->dimensions, hook->return_dimensions) && decide(work, hook))
		policy_tell(work, hook);
out:
	work_release(work);
	return 0;
}

/* The hook's tables in the generation that is current now; NULL ends the event. */
static __always_inline struct secd_policy_hook *event_hook(__u32 hook, __u32 *generation)
{
	struct secd_policy_hook *tables;

	*generation = current_generation();
	if (!*generation)
		return NULL;
	tables = policy_hook(*generation & 1, hook);
	if (!tables || process_is_in_no_rule(tables, *generation))
		return NULL;
	return tables;
}

/* Judges a call whose hook is known; returns what the hook may return to the kernel. */
static __always_inline int policy_met(struct policy_call *call)
{
	struct secd_policy_hook *hook;
	__u32 generation;

	hook = event_hook(call->hook, &generation);
	return hook ? policy_event(hook, call, generation) : 0;
}

/* The same of its return. Who is in no rule now may have been in one when the call was made. */
static __always_inline void policy_returned(struct policy_call *call)
{
	__u32 generation = current_generation();
	struct secd_policy_hook *hook;

	call->returning = 1;
	if (!generation)
		return;
	hook = policy_hook(generation & 1, call->hook);
	if (!hook)
		return;
	if (!(hook->flags & SECD_POLICY_HOOK_WAITS) && process_is_in_no_rule(hook, generation))
		return;
	policy_return(hook, call, generation);
}

#endif
