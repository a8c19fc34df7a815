/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* execve: one record with everything that is gone a moment later. */
#ifndef SECD_PROCESS_EXEC_H
#define SECD_PROCESS_EXEC_H

#include "../lib/process.h"
#include "../lib/scratch.h"
#include "exec_long.h"
#include "exec_short.h"

/* What the file adds to the caller's rights (SECD_IMAGE_SETUID, …), 0 for nearly every exec. */
static __always_inline __u32 exec_raises(const struct cred *old, const struct cred *next)
{
	__u32 old_euid = pload(old, euid.val), euid = pload(next, euid.val);
	__u32 raised = 0;

	if (euid != old_euid)
		raised |= SECD_IMAGE_SETUID;
	if (pload(next, egid.val) != pload(old, egid.val))
		raised |= SECD_IMAGE_SETGID;
	/* root and setuid-root grow permitted too: file capabilities are what grows it without. */
	if (euid == old_euid && euid != 0 && pload(next, uid.val) != 0 &&
	    (cred_caps(next, cap_permitted) & ~cred_caps(old, cap_permitted)))
		raised |= SECD_IMAGE_FILE_CAPS;
	return raised;
}

/*
 * Before the point of no return, while the caller still has its old credentials: they are compared
 * with those the new image will have. Most execs raise nothing.
 */
static __always_inline int exec_prepared(struct task_struct *task, struct linux_binprm *bprm)
{
	const struct cred *old = kload(task, cred);
	__u32 raised = exec_raises(old, kload(bprm, cred));
	struct secd_process *process;

	if (!raised)
		return 0;
	process = process_of(task);
	if (!process) {
		/* Not seen before, or (the hook comes late) a thread that just became leader. */
		if (kload(task, pid) != kload(task, tgid))
			return 0;
		process = process_create(task);
		if (!process)
			return 0;
	}
	if (!process->image.start_ns)
		process_reconstruct(process, kload(task, group_leader));
	process->old_euid = pload(old, euid.val);
	process->old_egid = pload(old, egid.val);
	process->old_permitted = cred_caps(old, cap_permitted);
	process->flags &= ~SECD_IMAGE_RAISED;
	process->flags |= raised;
	return 0;
}

static __always_inline int process_executed(struct task_struct *task, pid_t old_pid,
					    struct linux_binprm *bprm)
{
	struct secd_process *process = process_create(task);
	struct secd_scratch *scratch;
	__u64 now;

	if (!process)
		return 0;
	scratch = scratch_claim();
	if (!scratch)
		return 0;
	if (!process->image.start_ns)
		process_reconstruct(process, task);
	now = bpf_ktime_get_boot_ns();
	if (!exec_in_ring(scratch, process, task, bprm, old_pid, now))
		exec_in_scratch(scratch, process, task, bprm, old_pid, now);
	scratch_release(scratch);
	return 0;
}

#endif
