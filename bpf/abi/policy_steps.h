/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What else stands in the pool `secd_policy_starts`, in entries of the same size: automata, expressions,
 * changes.
 */
#ifndef SECD_ABI_POLICY_STEPS_H
#define SECD_ABI_POLICY_STEPS_H

#include "types.h"

/*
 * Automata that find texts inside of text, one transition an entry. Looked for: the entry at the automaton's
 * first + state + byte; where it is of another state, that of state 0, which has all 256.
 */
struct secd_policy_transition {
	__u32 state;              /* that the entry belongs to */
	__u32 next;               /* state behind the byte */
	__u32 row;                /* rules whose text ends here; NONE = no text does */
	__u32 reserved;
};
SECD_SIZE(secd_policy_transition, 16);

/* Steps of expressions: a machine with a stack (SECD_POLICY_DO_*). */
#define SECD_POLICY_EXPRESSION_STACK 64
struct secd_policy_step {
	__u64 operand;            /* number, or column */
	__u32 operation;          /* SECD_POLICY_DO_* */
	__u32 row;                /* of END: rules that ask for the expression */
};
SECD_SIZE(secd_policy_step, 16);

#define SECD_POLICY_DO_END               0   /* what is left is the result; the next one begins */
#define SECD_POLICY_DO_NUMBER            1
#define SECD_POLICY_DO_COLUMN            2
#define SECD_POLICY_DO_NOT               3
#define SECD_POLICY_DO_COMPLEMENT        4
#define SECD_POLICY_DO_INT32             5
#define SECD_POLICY_DO_UINT32            6
/* Of two values: the last one is the right one. */
#define SECD_POLICY_DO_ADD               7
#define SECD_POLICY_DO_SUBTRACT          8
#define SECD_POLICY_DO_BOTH              9
#define SECD_POLICY_DO_EITHER           10
#define SECD_POLICY_DO_EQUAL            11
#define SECD_POLICY_DO_NOT_EQUAL        12
#define SECD_POLICY_DO_LESS             13
#define SECD_POLICY_DO_LESS_EQUAL       14
#define SECD_POLICY_DO_UNSIGNED_LESS    15
#define SECD_POLICY_DO_UNSIGNED_LESS_EQUAL 16
#define SECD_POLICY_DO_AND              17
#define SECD_POLICY_DO_OR               18
#define SECD_POLICY_DO_XOR              19

/*
 * What Set and Override do to a program, one after the other, from secd_policy_rule.changes to END. Registers
 * are words of those that the kernel saves (struct pt_regs); they change all together, or not at all.
 */
#define SECD_POLICY_CHANGES_MAX 32   /* of one rule, without END */
struct secd_policy_change {
	__u64 operand;
	__u8  kind;               /* SECD_POLICY_CHANGE_* */
	__u8  target;             /* a register; of ARGUMENT and POINTED an argument */
	__u8  target_size;        /* bytes of it that change, the lowest: 1, 2, 4, 8 */
	__u8  source;             /* a register … */
	__u8  source_size;        /* … and its bytes that count */
	__u8  reserved[3];
};
SECD_LAYOUT(secd_policy_change, kind, 8);
SECD_SIZE(secd_policy_change, 16);

#define SECD_POLICY_CHANGE_END      0
#define SECD_POLICY_CHANGE_CONSTANT 1   /* target = operand */
#define SECD_POLICY_CHANGE_REGISTER 2   /* target = source + operand */
#define SECD_POLICY_CHANGE_MEMORY   3   /* target = what stands at source + operand */
#define SECD_POLICY_CHANGE_ARGUMENT 4   /* operand is written to where the argument of a USDT probe
					 * stands, if that is in memory, else as POINTED */
#define SECD_POLICY_CHANGE_POINTED  5   /* operand is written to where the argument leads */

#endif
