/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Credential changes outside exec: the task's credentials against those in its record. */
#ifndef SECD_PROCESS_CREDENTIALS_H
#define SECD_PROCESS_CREDENTIALS_H

#include "../lib/emit.h"
#include "../lib/process.h"
#include "../lib/scope.h"

static __always_inline void credentials_record(struct task_struct *task,
					       const struct secd_image *image,
					       const struct secd_credentials *old,
					       const struct secd_credentials *next,
					       const struct cred *cred, __u32 syscall)
{
	struct secd_credentials_change record = {};

	record.image = *image;
	record.old = *old;
	record.new = *next;
	record.tid = kload(task, pid);
	record.user_ns = kload(cred, user_ns, ns.inum);
	record.syscall = syscall;
	if (!task_in_scope(task))
		record.flags = SECD_IMAGE_OUT_OF_SCOPE;
	emit(&record.head, sizeof(record), SECD_KIND_CREDENTIALS, SECD_RING_LIFECYCLE,
	     bpf_ktime_get_boot_ns());
}

/* Linux credentials are per thread; the record keeps those last seen in the process. */
static __always_inline int credentials_changed(struct task_struct *task, const struct cred *cred,
					       __u32 syscall)
{
	struct secd_process *process = process_of(task);
	struct secd_credentials now;

	if (!process || !process->image.start_ns)
		return 0;
	credentials_read(&now, cred);
	if (!credentials_differ(&now, &process->credentials))
		return 0;
	credentials_record(task, &process->image, &process->credentials, &now, cred, syscall);
	process->credentials = now;
	return 0;
}

#endif
