/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes that run a script, where policies name the script and its interpreter: rules that ask for a
 * file hold where one of the two is it, rules that forbid one where neither is.
 */
#ifndef SECD_TRACE_PAIR_H
#define SECD_TRACE_PAIR_H

#include "bits.h"
#include "process.h"

struct pair_walk {
	struct policy_work *work;
	struct secd_policy_dimension *dimension;
	__u32 first;              /* rows of the two; NONE: the other's class is not known */
	__u32 second;
};

/* One word of the rules that hold. */
static long pair_step(__u32 word, struct pair_walk *walk)
{
	struct secd_policy_dimension *dimension = walk->dimension;
	struct policy_work *work = walk->work;
	__u64 first, second, positive, holds, open = 0;
	__u32 slot = work->slot & 1;

	if (word >= SECD_POLICY_WORDS)
		return 1;
	first = row_word(slot, walk->first, word);
	positive = row_word(slot, dimension->positive_row, word);
	if (walk->second == SECD_POLICY_NONE) {
		/* One that is named decides; else the other may be. */
		open = row_word(slot, dimension->constrained_row, word) & (positive ^ first);
		holds = (first & ~open) | (row_word(slot, dimension->unreadable_row, word) & open);
	} else {
		second = row_word(slot, walk->second, word);
		holds = (positive & (first | second)) | (first & second);
	}
	if (work->is_computed)
		holds &= work->computed.words[word];
	if (work->is_uncertain)
		open |= work->uncertain.words[word];
	work->computed.words[word] = holds;
	work->uncertain.words[word] = open;
	if (holds)
		work->computed.summary |= 1ULL << word;
	return 0;
}

/* Intersects work->computed with the rules that hold for a process whose file is of class `first`. */
__noinline int policy_pair(struct policy_work *work, struct secd_policy_hook *hook, __u32 index, __u32 first)
{
	struct pair_walk walk = { .work = work, .first = SECD_POLICY_NONE, .second = SECD_POLICY_NONE };
	__u32 second, slot, *row;

	if (!work || !hook)
		return 0;
	slot = work->slot & 1;
	bounded(index, SECD_POLICY_DIMENSIONS_MAX - 1);
	walk.dimension = &hook->dimension[index];
	second = process_script_class(work, walk.dimension->slot);
	row = policy_index(slot, walk.dimension->index + first);
	if (row)
		walk.first = *row;
	if (second != SECD_POLICY_UNREADABLE) {
		row = policy_index(slot, walk.dimension->index + second);
		if (row)
			walk.second = *row;
	}
	work->computed.summary = 0;
	bpf_loop(hook->words, pair_step, &walk, 0);
	work->is_computed = 1;
	work->is_uncertain = 1;
	return 0;
}

#endif
