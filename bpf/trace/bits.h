/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Dimensions on bits: rules that ask for one of some bits, or for none of them. */
#ifndef SECD_TRACE_BITS_H
#define SECD_TRACE_BITS_H

#include "column.h"
#include "expression.h"
#include "marks.h"
#include "texts.h"

struct bit_walk {
	struct policy_work *work;
};

/* Number of trailing zeros of a word that is not 0; there is no instruction for it. */
static __always_inline __u32 trailing_zeros(__u64 word)
{
	__u64 low = (word & -word) - 1; /* as many ones */

	low = low - (low >> 1 & 0x5555555555555555ULL);
	low = (low & 0x3333333333333333ULL) + (low >> 2 & 0x3333333333333333ULL);
	low = (low + (low >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return low * 0x0101010101010101ULL >> 56;
}

/* One bit of 256: its rules go to the set that it belongs to. */
static long bit_step(__u32 bit, struct bit_walk *walk)
{
	struct policy_work *work = walk->work;
	__u32 word = bit / 64 % SECD_POLICY_MARK_WORDS, set = POLICY_BITS_HIT, *number;
	__u64 mask = 1ULL << (bit & 63);

	if (bit >= work->bit_count)
		return 1;
	if (!((work->bits[word] | work->bits_unknown[word]) & mask))
		return 0;
	number = policy_index(work->slot & 1, work->bit_index + bit);
	if (!number || *number == SECD_POLICY_NONE)
		return 0;
	if (!(work->bits[word] & mask))
		set = POLICY_BITS_OPEN;
	policy_gather(work, set, *number, work->bit_words);
	return 0;
}

/* Marks of the running process, or of those above it only. */
static __always_inline void bits_of_marks(struct policy_work *work, bool above)
{
	struct secd_policy_process *process = process_with_marks(work);

	if (!process) {
		__builtin_memset(work->bits_unknown, 0xff, sizeof(work->bits_unknown));
	} else if (above) {
		__builtin_memcpy(work->bits, process->above, sizeof(work->bits));
		__builtin_memcpy(work->bits_unknown, process->above_unknown, sizeof(work->bits_unknown));
	} else {
		__builtin_memcpy(work->bits, process->marks, sizeof(work->bits));
		__builtin_memcpy(work->bits_unknown, process->marks_unknown, sizeof(work->bits_unknown));
	}
}

/* Reads the bits of a dimension into work->bits and work->bits_unknown. */
static __always_inline void bits_read(struct policy_work *work, struct secd_policy_hook *hook,
				      struct secd_policy_dimension *dimension)
{
	__u32 column = dimension->column, other = dimension->other;
	__u64 number = 0, unknown = 0;

	if (dimension->input == SECD_POLICY_IN_FACT_BITS) {
		if (!policy_fact(work, dimension->fact, dimension->fact_flags))
			unknown = ~0ULL;
		number = work->bits[0];
	} else if (dimension->input == SECD_POLICY_IN_COLUMN_BITS ||
		   dimension->input == SECD_POLICY_IN_GAINED_BITS) {
		struct secd_policy_value *value, *old;

		bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
		column_read(work, hook, column);
		value = &work->values[column];
		number = value->state == SECD_POLICY_VALUE_PRESENT ? value->number : 0;
		if (value->state == SECD_POLICY_VALUE_UNREADABLE)
			unknown = ~0ULL;
		if (dimension->input == SECD_POLICY_IN_GAINED_BITS) {
			bounded(other, SECD_POLICY_COLUMNS_MAX - 1);
			column_read(work, hook, other);
			old = &work->values[other];
			if (old->state == SECD_POLICY_VALUE_ABSENT)
				number = unknown = 0;
			else if (old->state == SECD_POLICY_VALUE_UNREADABLE && number)
				unknown = ~0ULL;
			number &= ~old->number;
		}
	} else {
		bits_of_marks(work, dimension->input == SECD_POLICY_IN_MARKS_ABOVE);
		return;
	}
	work->bits[0] = unknown ? 0 : number;
	work->bits_unknown[0] = unknown;
}

struct combine_walk {
	struct policy_work *work;
	struct secd_policy_dimension *dimension;
};

static __always_inline __u64 row_word(__u32 slot, __u32 number, __u32 word)
{
	struct secd_policy_row *row = policy_row(slot, number);

	return row ? row->words[word & (SECD_POLICY_WORDS - 1)] : 0;
}

/* One word of the rules that hold. */
static long combine_step(__u32 word, struct combine_walk *walk)
{
	struct secd_policy_dimension *dimension = walk->dimension;
	struct policy_work *work = walk->work;
	__u64 hit, open, holds;
	__u32 slot = work->slot & 1;

	if (word >= SECD_POLICY_WORDS)
		return 1;
	hit = work->sets[POLICY_BITS_HIT].words[word];
	open = work->sets[POLICY_BITS_OPEN].words[word] & ~hit;
	holds = (row_word(slot, dimension->positive_row, word) & hit) |
		(row_word(slot, dimension->negative_row, word) & ~hit & ~open) |
		(row_word(slot, dimension->unknown_row, word) & open) |
		row_word(slot, dimension->free_row, word);
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

/* Gathers the rules of bits, one by one. */
__noinline int policy_single_bits(struct policy_work *work, struct secd_policy_hook *hook,
				  struct secd_policy_dimension *dimension)
{
	struct bit_walk walk = { .work = work };

	if (!work || !hook || !dimension)
		return 0;
	__builtin_memset(work->bits, 0, sizeof(work->bits));
	__builtin_memset(work->bits_unknown, 0, sizeof(work->bits_unknown));
	bits_read(work, hook, dimension);
	work->bit_index = dimension->index;
	work->bit_count = dimension->index_count;
	work->bit_words = hook->words;
	bpf_loop(64 * SECD_POLICY_MARK_WORDS, bit_step, &walk, 0);
	return 0;
}

/* Intersects work->computed with the rules that hold in a bit dimension. */
__noinline int policy_bits(struct policy_work *work, struct secd_policy_hook *hook, __u32 index)
{
	struct combine_walk combine = {};
	__u32 input;

	if (!work || !hook)
		return 0;
	bounded(index, SECD_POLICY_DIMENSIONS_MAX - 1);
	combine.work = work;
	combine.dimension = &hook->dimension[index];
	input = combine.dimension->input;
	__builtin_memset(work->sets[POLICY_BITS_HIT].words, 0, sizeof(work->sets[0].words));
	__builtin_memset(work->sets[POLICY_BITS_OPEN].words, 0, sizeof(work->sets[0].words));
	if (input == SECD_POLICY_IN_EXPRESSIONS)
		policy_expressions(work, hook, combine.dimension);
	else if (input >= SECD_POLICY_IN_TEXTS)
		policy_texts(work, hook, combine.dimension);
	else
		policy_single_bits(work, hook, combine.dimension);
	work->computed.summary = 0;
	bpf_loop(hook->words, combine_step, &combine, 0);
	work->is_computed = 1;
	work->is_uncertain = 1;
	return 0;
}

#endif
