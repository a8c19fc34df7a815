/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Credential changes outside exec: the task's credentials against those in its record. */
#ifndef SECD_PROCESS_CREDENTIALS_H
#define SECD_PROCESS_CREDENTIALS_H

#include "../lib/emit.h"
#include "../lib/process.h"
#include "../lib/scope.h"

/* Linux credentials are per thread; the record keeps those last seen in the process. */
static __always_inline int credentials_changed(struct task_struct *task, const struct cred *cred,
					       __u32 syscall)
{
	struct secd_process *process = process_of(task);
	struct secd_credentials_change record = {};

	if (!process || !process->image.pid)
		return 0;
	credentials_read(&record.new, cred);
	if (!credentials_differ(&record.new, &process->credentials))
		return 0;
	if (!task_in_scope(task))
		return 0;
	record.image = process->image;
	record.old = process->credentials;
	process->credentials = record.new;
	record.tid = kload(task, pid);
	record.user_ns = kload(cred, user_ns, ns.inum);
	record.syscall = syscall;
	emit(&record.head, sizeof(record), SECD_KIND_CREDENTIALS, SECD_RING_LIFECYCLE,
	     bpf_ktime_get_boot_ns());
	return 0;
}

#endif
