/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What only the policy engine reads of the kernel. */
#ifndef SECD_KERNEL_TRACE_TYPES_H
#define SECD_KERNEL_TRACE_TYPES_H

#include "kernel_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/*
 * 32-bit calls (int 0x80, sysenter) have their arguments in bx, cx, dx, si, di, bp; functions in di, si, dx,
 * cx, r8, r9, and their result in ax.
 */
struct pt_regs___more {
	unsigned long bp, bx, ax, cx;
};
struct pt_regs___stack {
	unsigned long sp;
};
/* What execve gave the program: pairs of numbers (getauxval(3)). */
struct mm_struct___auxv {
	unsigned long saved_auxv[2];
};
struct filename {
	const char *name;
};

#pragma clang attribute pop

#endif
