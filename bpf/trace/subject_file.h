/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The file that fanotify asks about, as a value. */
#ifndef SECD_TRACE_SUBJECT_FILE_H
#define SECD_TRACE_SUBJECT_FILE_H

#include "subject.h"
#include "text.h"

/* The name by which a policy marked the file becomes the text of the value. */
static __always_inline bool subject_put_name(struct policy_work *work, struct secd_policy_value *value,
					     struct secd_policy_subject *subject)
{
	__u32 at = work->end, length = subject->name_length;
	void *bytes = value_bytes(work, at);

	barrier_var(length);
	if (!bytes || length == 0 || length > SECD_POLICY_SUBJECT_NAME_MAX)
		return false;
	if (bpf_probe_read_kernel(bytes, length, subject->name))
		return false;
	column_close(work, value, at, length);
	return true;
}

/* The file: by its own name, or as a walk from it finds it, later and only if asked. */
static __always_inline __u32 subject_read_file(struct policy_work *work, struct secd_policy_value *value,
					       struct policy_file *file)
{
	struct secd_policy_subject *subject = policy_subject();
	struct inode *inode;
	__u32 state;

	value->kind = SECD_POLICY_VALUE_PATH;
	if (!subject)
		return SECD_POLICY_VALUE_UNREADABLE;
	state = file_read(value, file, file_of_descriptor(answering_task(), subject->descriptor));
	if (state != SECD_POLICY_VALUE_PRESENT)
		return SECD_POLICY_VALUE_UNREADABLE;
	inode = kcast(inode, file->inode);
	value->number = kload(inode, i_mode);
	if (subject->name_length && !subject_put_name(work, value, subject))
		return SECD_POLICY_VALUE_UNREADABLE;
	return state;
}

#endif
