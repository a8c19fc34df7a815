// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine in programs that policies change (Set, Override). Apart from traceuser, because the
 * kernel may not allow it, and who only looks shall not pay for it.
 *
 * hook                what it does
 * uprobe              what on_place does, and writes into the program's memory
 * uprobe              the same, and changes registers (6.18)
 *
 * What calls return is told by traceuser's program.
 */
#define SECD_POLICY_CHANGES
#include "site.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Judges and writes; the work stays with the caller. */
static __always_inline struct policy_work *place_changed(struct pt_regs *regs)
{
	struct event event = site_begin(regs);

	if (!event.work)
		return NULL;
	event.work->site = bpf_get_attach_cookie(regs);
	policy_made(event.work, event.hook, event.row);
	return event.work;
}

SEC("uprobe")
int on_place_write(struct pt_regs *regs)
{
	struct policy_work *work = place_changed(regs);

	if (work)
		work_release(work);
	return 0;
}

SEC("uprobe")
int on_place_change(struct pt_regs *regs)
{
	struct policy_work *work = place_changed(regs);

	if (!work)
		return 0;
	if (work->verdict == CHANGE_VERDICT)
		change_store(regs, work);
	work_release(work);
	return 0;
}
