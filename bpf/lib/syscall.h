/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arguments of the system call that is just returning. The sys_exit tracepoint does not carry
 * them, but the task's saved registers still do (x86-64 changes only ax), which saves a program
 * on sys_enter and a map between the two. User memory behind a pointer may have changed since.
 */
#ifndef SECD_LIB_SYSCALL_H
#define SECD_LIB_SYSCALL_H

#include "../kernel/access.h"

static __always_inline struct pt_regs *syscall_registers(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

/* The number is an int here; the other half of the word is not written. */
static __always_inline int call_number(struct trace_event_raw_sys_exit *ctx)
{
	return (int)ctx->id;
}

#define syscall_argument_0(regs) kload(regs, di)
#define syscall_argument_1(regs) kload(regs, si)
#define syscall_argument_2(regs) kload(regs, dx)
#define syscall_argument_3(regs) kload(regs, r10)
#define syscall_argument_4(regs) kload(regs, r8)

#endif
