/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Set and Override in programs: values are written into the memory of the program that met a probe, and its
 * registers get others. Registers are computed on a copy, because one of them may lie behind a pointer that
 * leads nowhere: then none changes. They are stored when all is decided, by the program that the kernel
 * called.
 */
#ifndef SECD_TRACE_CHANGE_H
#define SECD_TRACE_CHANGE_H

#include "place.h"

/* Words of struct pt_regs; the copy stands where expressions had their values. */
#define CHANGE_REGISTERS (SITE_REGISTERS_END / 8 + 1)
#define CHANGE_REGISTER_MASK 31
_Static_assert(CHANGE_REGISTER_MASK < SECD_POLICY_EXPRESSION_STACK, "the copy fits");
/* In place of a verdict, which no program can get. */
#define CHANGE_VERDICT 1

/* Whether the kernel lets programs write into the memory of others; set before they load. */
const volatile __u32 secd_policy_writes = 1;

/* The lowest bytes of a number; `size` is 1, 2, 4 or 8. */
static __always_inline __u64 change_mask(__u32 size)
{
	return ~0ULL >> ((64 - 8 * size) & 63);
}

static __always_inline __u64 *change_register(struct policy_work *work, __u32 word)
{
	bounded(word, CHANGE_REGISTER_MASK);
	return &work->stack[word];
}

/* Writes a number to an argument; anything but 0 where that fails. */
static __always_inline int change_argument(struct policy_work *work, const struct secd_policy_change *change)
{
	__u32 index = work->site, number = change->target, size = sizeof(__u32), value = change->operand;
	struct secd_policy_site *site = bpf_map_lookup_elem(&secd_policy_sites, &index);
	const struct secd_policy_fetch *fetch;
	__u64 address;

	if (!secd_policy_writes || !site || number >= SECD_POLICY_SITE_ARGUMENTS)
		return -1;
	fetch = &site->fetch[number];
	if (change->kind == SECD_POLICY_CHANGE_ARGUMENT && site->arguments != SECD_POLICY_SITE_FUNCTION &&
	    fetch->kind == SECD_POLICY_FETCH_MEMORY) {
		address = site_address(work->fields, fetch);
		/* Its neighbours stay what they are. */
		if (fetch->size < sizeof(__u32))
			size = fetch->size;
	} else {
		if (work->missing & SITE_MISSING(number))
			return -1;
		address = work->arguments[number & 15];
	}
	if (size == 1)
		return bpf_probe_write_user((void *)address, &value, 1);
	if (size == 2)
		return bpf_probe_write_user((void *)address, &value, 2);
	return bpf_probe_write_user((void *)address, &value, 4);
}

/* Computes a register; likewise. */
static __always_inline int change_compute(struct policy_work *work, const struct secd_policy_change *change)
{
	__u64 *target = change_register(work, change->target);
	__u64 mask = change_mask(change->target_size), number = 0;
	__u32 size = change->target_size;

	if (change->kind != SECD_POLICY_CHANGE_CONSTANT)
		number = *change_register(work, change->source) & change_mask(change->source_size);
	number += change->operand;
	if (change->kind == SECD_POLICY_CHANGE_MEMORY) {
		__u64 address = number;

		number = 0;
		if (size > sizeof(number))
			return -1;
		if (bpf_probe_read_user(&number, size, (void *)address))
			return -1;
	}
	*target = (*target & ~mask) | (number & mask);
	return 0;
}

/*
 * Does what a rule asks for, in its order. The first rule that changes registers is the one that does: what
 * another one computed would be meant for the registers that the program had.
 */
__noinline int policy_change(struct policy_work *work, __u32 first)
{
	bool changes = false, failed = false;

	if (!work)
		return 0;
	for (__u32 n = 0; n < SECD_POLICY_CHANGES_MAX; n++) {
		const struct secd_policy_change *change = (void *)policy_start(work->slot & 1, first + n);

		if (!change || change->kind == SECD_POLICY_CHANGE_END)
			break;
		if (change->kind >= SECD_POLICY_CHANGE_ARGUMENT) {
			if (change_argument(work, change))
				failed = true;
			else
				work->flags |= SECD_POLICY_EVENT_CHANGED;
			continue;
		}
		if (work->verdict) {
			failed = true;
			break;
		}
		if (!changes &&
		    bpf_probe_read_kernel(work->stack, CHANGE_REGISTERS * 8, (void *)work->fields)) {
			failed = true;
			break;
		}
		changes = true;
		if (change_compute(work, change)) {
			changes = false;
			failed = true;
			break;
		}
	}
	if (changes) {
		work->verdict = CHANGE_VERDICT;
		work->flags |= SECD_POLICY_EVENT_CHANGED;
	}
	if (failed)
		work->flags |= SECD_POLICY_EVENT_FAILED;
	return 0;
}

/* By a constant from the context, as the verifier wants it. */
#define CHANGE_STORE(regs, work, word)                                                          \
	asm volatile("*(u64 *)(%[regs] + %[at]) = %[value]"                                     \
		     :                                                                          \
		     : [regs] "r"(regs), [at] "i"((word)*8), [value] "r"((work)->stack[word]) \
		     : "memory")

/* All that programs use: arch/x86/include/uapi/asm/ptrace.h, without orig_ax, segments and flags. */
static __always_inline void change_store(struct pt_regs *regs, struct policy_work *work)
{
	CHANGE_STORE(regs, work, 0);   /* r15 */
	CHANGE_STORE(regs, work, 1);   /* r14 */
	CHANGE_STORE(regs, work, 2);   /* r13 */
	CHANGE_STORE(regs, work, 3);   /* r12 */
	CHANGE_STORE(regs, work, 4);   /* bp */
	CHANGE_STORE(regs, work, 5);   /* bx */
	CHANGE_STORE(regs, work, 6);   /* r11 */
	CHANGE_STORE(regs, work, 7);   /* r10 */
	CHANGE_STORE(regs, work, 8);   /* r9 */
	CHANGE_STORE(regs, work, 9);   /* r8 */
	CHANGE_STORE(regs, work, 10);  /* ax */
	CHANGE_STORE(regs, work, 11);  /* cx */
	CHANGE_STORE(regs, work, 12);  /* dx */
	CHANGE_STORE(regs, work, 13);  /* si */
	CHANGE_STORE(regs, work, 14);  /* di */
	CHANGE_STORE(regs, work, 16);  /* ip */
	CHANGE_STORE(regs, work, 19);  /* sp */
}

#endif
