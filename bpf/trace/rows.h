/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows of rules that bit dimensions gather. */
#ifndef SECD_TRACE_ROWS_H
#define SECD_TRACE_ROWS_H

#include "work.h"

/* Where they are gathered; the rows of `sets` are free until rules have matched. */
#define POLICY_BITS_HIT  0
#define POLICY_BITS_OPEN 1

/* Adds the rules of a row to one of the two. */
__noinline int policy_gather(struct policy_work *work, __u32 set, __u32 number, __u32 words)
{
	struct secd_policy_row *row;

	if (!work || number == SECD_POLICY_NONE)
		return 0;
	row = policy_row(work->slot & 1, number);
	bounded(set, 1);
	if (!row)
		return 0;
	for (__u32 n = 0; n < SECD_POLICY_WORDS && n < words; n++)
		work->sets[set].words[n] |= row->words[n];
	return 0;
}

#endif
