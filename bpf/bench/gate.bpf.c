// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What policies are compared with in benchmarks; never part of a running daemon.
 *
 * hook                what it does
 * tp_btf/sys_enter    nothing
 * tp_btf/sys_enter    compares the number of the call
 */
#include "../kernel/access.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The call that is looked for. */
const volatile __u64 secd_gate_call = 0;
/* How often it was met: else the comparison would be nothing, too. */
__u64 secd_gate_met = 0;

SEC("tp_btf/sys_enter")
int BPF_PROG(on_any_call, struct pt_regs *regs, long number)
{
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_gate, struct pt_regs *regs, long number)
{
	if ((__u64)number == secd_gate_call)
		secd_gate_met = 1;
	return 0;
}
