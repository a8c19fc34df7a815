// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine in programs and libraries.
 *
 * hook                what it does
 * uprobe              functions that are called, USDT probes that are passed
 * uretprobe           functions that return
 * uprobe, sleepable   (brings into memory what the first one reads)
 *
 * Which place it is stands in the cookie (secd_policy_sites).
 */
#include "site.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("uprobe")
int on_place(struct pt_regs *regs)
{
	return site_met(regs);
}

SEC("uretprobe")
int on_place_return(struct pt_regs *regs)
{
	return site_returned(regs);
}

/* Attached last of all: the kernel calls the probes of a place newest first. */
SEC("uprobe.s")
int on_place_touch(struct pt_regs *regs)
{
	return site_touched(regs);
}
