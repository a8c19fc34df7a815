// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine (docs/policy-engine.md).
 *
 * hook                                     what it does
 * tp_btf/sys_enter                         system calls, before they are made
 * tp_btf/sys_exit                          system calls, when they return
 *
 * A program serves all hooks of its mechanism: which hook an event belongs to, and what is judged there,
 * stands in maps.
 */
#include "../kernel/access.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long number)
{
	return call_met(regs, number, false, 0);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	return call_met(regs, kload(regs, orig_ax), true, result);
}
