/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The record of an event: what stands in front of the bytes is written last, ending where they begin. */
#ifndef SECD_TRACE_RECORD_H
#define SECD_TRACE_RECORD_H

#include "../lib/actor.h"
#include "../lib/emit.h"
#include "decide.h"
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

/* The next word of the sets: work->left has those that are still to come. */
static long set_step(__u32 index, struct front_context *context)
{
	struct policy_work *work = context->work;

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

/* One value that is shown. */
static long value_step(__u32 index, struct front_context *context)
{
	struct policy_work *work = context->work;
	struct secd_policy_value *value;
	__u64 *words;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	if (!(work->shown >> index & 1))
		return 0;
	value = &work->values[index];
	words = (__u64 *)value;
	if (value->length)
		value->offset -= context->begin;
	front_put(work, words[0]);
	front_put(work, words[1]);
	front_put(work, words[2]);
	return 0;
}

static __always_inline __u32 ones(__u64 word)
{
	word = word - (word >> 1 & 0x5555555555555555ULL);
	word = (word & 0x3333333333333333ULL) + (word >> 2 & 0x3333333333333333ULL);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return word * 0x0101010101010101ULL >> 56;
}

static __always_inline void front_head(struct policy_work *work, struct secd_policy_event *event,
				       struct secd_policy_hook *hook, __u32 values)
{
	struct actor actor = {};

	actor_read(&actor);
	event->image = actor.image;
	event->cgroup_id = actor.cgroup_id;
	event->tid = actor.tid;
	event->generation = work->generation;
	event->hook = work->hook;
	event->flags = work->flags | (work->returning ? SECD_POLICY_EVENT_RETURNED : 0);
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

/* Sends the record of an event that rules tell. */
__noinline int policy_tell(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct front_context context = { .work = work };
	struct secd_policy_event *event;
	__u32 values, words, size, begin, end;
	__u64 now;

	if (!work || !hook)
		return 0;
	policy_show(work, hook);
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
	work->left[0] = work->sets[0].summary;
	work->left[1] = work->sets[1].summary;
	work->left[2] = work->sets[2].summary;
	work->left[3] = work->sets[3].summary;
	bpf_loop(words, set_step, &context, 0);
	bpf_loop(hook->columns, value_step, &context, 0);
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
			   SECD_POLICY_EVENT_DENIED))
		emit(&event->head, size, SECD_KIND_POLICY, SECD_RING_VERDICT, now);
	else
		emit(&event->head, size, SECD_KIND_POLICY, SECD_RING_OBSERVATION, now);
	return 0;
}

#endif
