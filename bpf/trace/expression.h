/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Expressions over numbers: steps of a machine with a stack, which stand in a pool (SECD_POLICY_DO_*). Those
 * of all rules follow each other.
 */
#ifndef SECD_TRACE_EXPRESSION_H
#define SECD_TRACE_EXPRESSION_H

#include "column.h"
#include "rows.h"

/* Steps of one dimension at most; what comes behind them is not looked at. */
#define POLICY_STEPS_MAX 65536

/* What columns of an expression were, besides present. */
#define EXPRESSION_ABSENT  1
#define EXPRESSION_UNKNOWN 2

struct expression_walk {
	struct policy_work *work;
	struct secd_policy_hook *hook;
	__u32 first;              /* step in the pool */
	__u32 count;
};

static __always_inline __u64 expression_pair(__u32 operation, __u64 left, __u64 right)
{
	switch (operation) {
	case SECD_POLICY_DO_ADD:
		return left + right;
	case SECD_POLICY_DO_SUBTRACT:
		return left - right;
	case SECD_POLICY_DO_BOTH:
		return left && right;
	case SECD_POLICY_DO_EITHER:
		return left || right;
	case SECD_POLICY_DO_EQUAL:
		return left == right;
	case SECD_POLICY_DO_NOT_EQUAL:
		return left != right;
	case SECD_POLICY_DO_LESS:
		return (__s64)left < (__s64)right;
	case SECD_POLICY_DO_LESS_EQUAL:
		return (__s64)left <= (__s64)right;
	case SECD_POLICY_DO_UNSIGNED_LESS:
		return left < right;
	case SECD_POLICY_DO_UNSIGNED_LESS_EQUAL:
		return left <= right;
	case SECD_POLICY_DO_AND:
		return left & right;
	case SECD_POLICY_DO_OR:
		return left | right;
	default:
		return left ^ right;
	}
}

static __always_inline __u64 expression_single(__u32 operation, __u64 value)
{
	switch (operation) {
	case SECD_POLICY_DO_NOT:
		return !value;
	case SECD_POLICY_DO_COMPLEMENT:
		return ~value;
	case SECD_POLICY_DO_INT32:
		return (__s64)(__s32)value;
	default:
		return (__u32)value;
	}
}

/* Where a value of the stack is. */
static __always_inline __u64 *expression_place(struct policy_work *work, __u32 depth)
{
	bounded(depth, SECD_POLICY_EXPRESSION_STACK - 1);
	return &work->stack[depth];
}

/* A number onto the stack. */
static __always_inline void expression_push(struct policy_work *work, __u64 number)
{
	*expression_place(work, work->stack_depth) = number;
	work->stack_depth++;
}

/* A column, which was read before: calls may be eight deep, and reading needs three of them. */
static __always_inline void expression_column(struct policy_work *work, __u32 column)
{
	struct secd_policy_value *value;

	bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
	value = &work->values[column];
	if (value->state == SECD_POLICY_VALUE_ABSENT)
		work->stack_flags |= EXPRESSION_ABSENT;
	else if (value->state != SECD_POLICY_VALUE_PRESENT)
		work->stack_flags |= EXPRESSION_UNKNOWN;
	expression_push(work, value->number);
}

/* The end of one: without a value that it names nothing holds, without knowing one it is open. */
static __always_inline void expression_end(struct policy_work *work, struct secd_policy_hook *hook, __u32 row)
{
	__u32 set = POLICY_BITS_HIT;

	if (work->stack_flags & EXPRESSION_ABSENT)
		row = SECD_POLICY_NONE;
	else if (work->stack_flags & EXPRESSION_UNKNOWN)
		set = POLICY_BITS_OPEN;
	else if (!*expression_place(work, 0))
		row = SECD_POLICY_NONE;
	policy_gather(work, set, row, hook->words);
	work->stack_depth = 0;
	work->stack_flags = 0;
}

static long expression_step(__u32 index, struct expression_walk *walk)
{
	struct policy_work *work = walk->work;
	struct secd_policy_step *step;
	__u64 *left, *right;

	if (index >= walk->count)
		return 1;
	step = (void *)policy_start(work->slot & 1, walk->first + index);
	if (!step)
		return 1;
	if (step->operation == SECD_POLICY_DO_END) {
		expression_end(work, walk->hook, step->row);
	} else if (step->operation == SECD_POLICY_DO_NUMBER) {
		expression_push(work, step->operand);
	} else if (step->operation == SECD_POLICY_DO_COLUMN) {
		expression_column(work, step->operand);
	} else if (step->operation < SECD_POLICY_DO_ADD) {
		right = expression_place(work, work->stack_depth - 1);
		*right = expression_single(step->operation, *right);
	} else {
		right = expression_place(work, work->stack_depth - 1);
		left = expression_place(work, work->stack_depth - 2);
		*left = expression_pair(step->operation, *left, *right);
		work->stack_depth--;
	}
	return 0;
}

/* Gathers the rules of a dimension on expressions. */
__noinline int policy_expressions(struct policy_work *work, struct secd_policy_hook *hook,
				  struct secd_policy_dimension *dimension)
{
	struct expression_walk walk = { .work = work, .hook = hook };

	if (!work || !hook || !dimension)
		return 0;
	for (__u32 column = 0; column < SECD_POLICY_COLUMNS_MAX; column++)
		if (dimension->other >> column & 1)
			column_read(work, hook, column);
	walk.first = dimension->lookup.first;
	walk.count = dimension->lookup.count;
	work->stack_depth = 0;
	work->stack_flags = 0;
	bpf_loop(POLICY_STEPS_MAX, expression_step, &walk, 0);
	return 0;
}

#endif
