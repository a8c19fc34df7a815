/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Texts inside of text: one pass over the bytes with an automaton that knows all texts that the rules of a
 * dimension look for. It stands in a pool as struct secd_policy_transition says.
 */
#ifndef SECD_TRACE_TEXTS_H
#define SECD_TRACE_TEXTS_H

#include "facet.h"
#include "process.h"
#include "rows.h"

/* Bytes that one call looks at: calls cost more than what they do. */
#define POLICY_TEXT_STRIDE 8

struct text_scan {
	struct policy_work *work;
	__u32 first;              /* of the automaton in the pool */
	__u32 at;                 /* of the text in scratch.record … */
	__u32 end;                /* … and behind it */
	__u32 words;
};

/* One byte. The state stands in the map: on the stack the verifier would count every byte by it. */
static __always_inline void text_byte(struct policy_work *work, struct text_scan *scan, __u32 at)
{
	struct secd_policy_transition *transition;
	__u32 state = work->state, byte, slot = work->slot & 1;

	bounded(at, SECD_SCRATCH_RECORD - 1);
	byte = work->scratch.record[at];
	transition = (void *)policy_start(slot, scan->first + state + byte);
	if (transition && transition->state != state)
		transition = (void *)policy_start(slot, scan->first + byte);
	if (!transition)
		return;
	work->state = transition->next;
	if (transition->row != SECD_POLICY_NONE)
		policy_gather(work, POLICY_BITS_HIT, transition->row, scan->words);
}

static long text_step(__u32 stride, struct text_scan *scan)
{
	__u32 at = scan->at + stride * POLICY_TEXT_STRIDE, end = scan->end;

#pragma clang loop unroll(disable)
	for (__u32 n = 0; n < POLICY_TEXT_STRIDE; n++, at++) {
		if (at >= end)
			return 1;
		text_byte(scan->work, scan, at);
	}
	return 0;
}

/*
 * Gathers the rules of texts inside of `length` bytes at `at`, as far as they are known: what was not found
 * in truncated text may be in what is not here.
 */
__noinline int policy_scan(struct policy_work *work, struct secd_policy_hook *hook,
			   struct secd_policy_dimension *dimension, __u32 at, __u32 length)
{
	struct text_scan scan = { .work = work, .at = at, .end = at + length };

	if (!work || !hook || !dimension)
		return 0;
	scan.first = dimension->lookup.first;
	scan.words = hook->words;
	work->state = 0;
	policy_gather(work, POLICY_BITS_HIT, dimension->lookup.missing, hook->words);
	bpf_loop(SECD_PATH_MAX / POLICY_TEXT_STRIDE + 1, text_step, &scan, 0);
	return 0;
}

/* The text of a column, or of an argument of the process, at *at; returns its state. */
static __always_inline __u32 texts_read(struct policy_work *work, struct secd_policy_hook *hook,
					struct secd_policy_dimension *dimension, __u32 *at, __u32 *length)
{
	struct secd_policy_value *value;
	__u32 column = dimension->column;

	if (dimension->input == SECD_POLICY_IN_ARGUMENT_TEXTS) {
		*at = POLICY_ASIDE;
		return policy_argument(work, dimension->other, length);
	}
	bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
	column_read(work, hook, column);
	value = &work->values[column];
	if (value->state > SECD_POLICY_VALUE_TRUNCATED)
		return value->state;
	value_make_text(work, value, &work->files[column]);
	if (value->kind == SECD_POLICY_VALUE_PATH && !value->length &&
	    value->state == SECD_POLICY_VALUE_PRESENT)
		return SECD_POLICY_VALUE_ABSENT;
	*at = value->offset;
	*length = value->length;
	return value->kind == SECD_POLICY_VALUE_NUMBER ? SECD_POLICY_VALUE_UNREADABLE : value->state;
}

/* Gathers the rules of a dimension on texts. */
__noinline int policy_texts(struct policy_work *work, struct secd_policy_hook *hook,
			    struct secd_policy_dimension *dimension)
{
	__u32 at = 0, length = 0, state;

	if (!work || !hook || !dimension)
		return 0;
	state = texts_read(work, hook, dimension, &at, &length);
	if (state <= SECD_POLICY_VALUE_TRUNCATED)
		policy_scan(work, hook, dimension, at, length);
	if (state == SECD_POLICY_VALUE_TRUNCATED || state == SECD_POLICY_VALUE_UNREADABLE)
		policy_gather(work, POLICY_BITS_OPEN, dimension->constrained_row, hook->words);
	return 0;
}

#endif
