/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The record of an event: what stands in front of the bytes is written last, ending where they begin. */
#ifndef SECD_TRACE_RECORD_H
#define SECD_TRACE_RECORD_H

#include "../lib/actor.h"
#include "../lib/emit.h"
#include "decide.h"
#include "owner.h"
#include "stack.h"

/* With the largest `begin` a record of this size still lies in scratch.record: for the verifier. */
#define POLICY_RECORD_MAX (POLICY_ASIDE - 512)

struct front_context {
	struct policy_work *work;
	__u32 begin;
	__u32 reserved;
};

/* Appends a word to the front. The place stands in the map: on the stack the verifier would count it. */
static __always_inline void front_put(struct policy_work *work, __u64 word)
{
	__u32 at = work->front;

	bounded(at, 8191);
	if (at <= POLICY_BYTES - 8)
		*(__u64 *)(work->scratch.record + at) = word;
	work->front = at + 8;
}

/* Appends the next word of the sets: work->left has those that are still to come. */
static __always_inline long front_set_word(struct policy_work *work)
{
	for (__u32 set = 0; set < SECD_POLICY_SETS; set++) {
		__u64 left = work->left[set];
		__u32 word;

		if (!left)
			continue;
		word = trailing_zeros(left);
		bounded(word, SECD_POLICY_WORDS - 1);
		work->left[set] = left & (left - 1);
		front_put(work, work->sets[set].words[word]);
		return 0;
	}
	return 1;
}

static long set_step(__u32 index, struct front_context *context)
{
	return front_set_word(context->work);
}

/* Appends a value, if it is shown. */
static __always_inline void front_value(struct policy_work *work, __u32 index, __u32 begin)
{
	struct secd_policy_value *value;
	__u64 *words;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	if (!(work->shown >> index & 1))
		return;
	value = &work->values[index];
	words = (__u64 *)value;
	if (value->length)
		value->offset -= begin;
	front_put(work, words[0]);
	front_put(work, words[1]);
	front_put(work, words[2]);
}

static long value_step(__u32 index, struct front_context *context)
{
	front_value(context->work, index + 1, context->begin);
	return 0;
}

/* The first of each without a loop: most records have no more. */
static __always_inline void front_sets(struct policy_work *work, struct front_context *context, __u32 words)
{
	work->left[0] = work->sets[0].summary;
	work->left[1] = work->sets[1].summary;
	work->left[2] = work->sets[2].summary;
	work->left[3] = work->sets[3].summary;
	front_set_word(work);
	if (words > 1)
		bpf_loop(words - 1, set_step, context, 0);
}

static __always_inline void front_values(struct policy_work *work, struct front_context *context,
					 __u32 columns)
{
	front_value(work, 0, context->begin);
	if (columns > 1)
		bpf_loop(columns - 1, value_step, context, 0);
}

static __always_inline __u32 ones(__u64 word)
{
	word = word - (word >> 1 & 0x5555555555555555ULL);
	word = (word & 0x3333333333333333ULL) + (word >> 2 & 0x3333333333333333ULL);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return word * 0x0101010101010101ULL >> 56;
}

/*
 * Who makes the call, or whose socket it is about; where a signal was sent, to whom: who ran. Nearly all have
 * their slot; only for others the task must be asked for.
 */
static __always_inline void front_actor(struct policy_work *work, struct secd_policy_event *event)
{
	struct task_struct *task = kcast(task_struct, work->task);
	struct secd_process *process = slot_of(pload(task, tgid));
	struct actor actor = {}, *owner = NULL;

	if (!(work->flags & (SECD_POLICY_EVENT_KILLED | SECD_POLICY_EVENT_SIGNALLED)))
		owner = owner_find(work);
	if (owner) {
		event->image = owner->image;
		event->cgroup_id = owner->cgroup_id;
		event->tid = owner->tid;
		event->flags |= SECD_POLICY_EVENT_TRACKED;
		return;
	}
	event->cgroup_id = task_cgroup_id(task);
	event->tid = pload(task, pid);
	if (process && process->image.start_ns) {
		event->image = process->image;
	} else {
		actor_read(&actor);
		event->image = actor.image;
	}
}

static __always_inline void front_head(struct policy_work *work, struct secd_policy_event *event,
				       struct secd_policy_hook *hook, __u32 values)
{
	event->flags = work->flags | (work->returning ? SECD_POLICY_EVENT_RETURNED : 0) |
		       (is_interrupt(work) ? SECD_POLICY_EVENT_INTERRUPT : 0);
	front_actor(work, event);
	event->generation = work->generation;
	event->hook = work->hook;
	event->mechanism = hook->mechanism;
	event->values = values;
	event->kernel_frames = work->kernel_frames;
	event->user_frames = work->user_frames;
	event->result = work->result;
	event->call_ns = work->call_ns;
	event->held_back = work->held_back;
	event->summary[0] = work->sets[0].summary;
	event->summary[1] = work->sets[1].summary;
	event->summary[2] = work->sets[2].summary;
	event->summary[3] = work->sets[3].summary;
}

/* Sends the record of an event that rules tell, with what was read to be shown. */
__noinline int policy_tell(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct front_context context = { .work = work };
	struct secd_policy_event *event;
	__u32 values, words, size, begin, end;
	__u64 now;

	if (!work || !hook)
		return 0;
	values = ones(work->shown);
	words = ones(work->sets[0].summary) + ones(work->sets[1].summary) +
		ones(work->sets[2].summary) + ones(work->sets[3].summary);
	work->kernel_frames = 0;
	work->user_frames = 0;
	if (work->stacks)
		policy_stacks(work);
	begin = POLICY_BYTES - sizeof(*event) - 8 * words - values * sizeof(struct secd_policy_value) -
		8 * (work->kernel_frames + work->user_frames);
	bounded(begin, 8191);
	if (begin > POLICY_BYTES - sizeof(*event))
		return 0;
	event = (struct secd_policy_event *)(work->scratch.record + begin);
	front_head(work, event, hook, values);
	work->front = begin + sizeof(*event);
	context.begin = begin;
	front_sets(work, &context, words);
	front_values(work, &context, hook->columns);
	if (work->stacks)
		policy_put_stacks(work);
	end = work->end;
	if (end > POLICY_ASIDE || end < begin)
		return 0;
	size = end - begin;
	if (size > POLICY_RECORD_MAX) /* cannot be: its front is at least as long */
		return 0;
	now = bpf_ktime_get_boot_ns();
	if (work->flags & (SECD_POLICY_EVENT_KILLED | SECD_POLICY_EVENT_SIGNALLED |
			   SECD_POLICY_EVENT_DENIED | SECD_POLICY_EVENT_CHANGED))
		emit(&event->head, size, SECD_KIND_POLICY, SECD_RING_VERDICT, now);
	else
		emit(&event->head, size, SECD_KIND_POLICY, SECD_RING_OBSERVATION, now);
	return 0;
}

/* Reads what is shown, and sends the record: one behind the other, because the frames of both are too much
 * for 6.1. */
static __always_inline void tell(struct policy_work *work, struct secd_policy_hook *hook)
{
	policy_show(work, hook);
	policy_tell(work, hook);
}

#endif
