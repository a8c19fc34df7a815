/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Descriptors, files, paths and dentries → a file: mount and name. The path is made when it is asked for. */
#ifndef SECD_TRACE_FILE_H
#define SECD_TRACE_FILE_H

#include "../kernel/trace_types.h"
#include "../lib/descriptor.h"
#include "work.h"

/* The mount and the name of an open file. */
static __always_inline __u32 file_read(struct secd_policy_value *value, struct policy_file *file,
				       struct file *opened)
{
	if (!opened)
		return SECD_POLICY_VALUE_ABSENT;
	file->mnt = (__u64)kload(opened, f_path.mnt);
	file->dentry = (__u64)kload(opened, f_path.dentry);
	file->inode = (__u64)kload(opened, f_inode);
	return file->dentry ? SECD_POLICY_VALUE_PRESENT : SECD_POLICY_VALUE_UNREADABLE;
}

static __always_inline __u32 file_read_path(struct policy_file *file, __u64 mnt, struct dentry *dentry)
{
	file->mnt = mnt;
	file->dentry = (__u64)dentry;
	file->inode = dentry ? (__u64)kload(kcast(dentry, dentry), d_inode) : 0;
	return dentry ? SECD_POLICY_VALUE_PRESENT : SECD_POLICY_VALUE_UNREADABLE;
}

static __always_inline __u32 file_read_by(struct policy_work *work, struct secd_policy_value *value,
					  struct policy_file *file, __u32 reader, __u64 pointer)
{
	struct inode *inode;
	struct path *path;
	__u32 state;

	value->kind = SECD_POLICY_VALUE_PATH;
	if (reader == SECD_POLICY_READ_DESCRIPTOR) {
		state = file_read(value, file, file_of_descriptor(kcast(task_struct, work->task), pointer));
	} else if (!pointer) {
		return SECD_POLICY_VALUE_ABSENT;
	} else if (reader == SECD_POLICY_READ_FILE) {
		state = file_read(value, file, kcast(file, pointer));
	} else if (reader == SECD_POLICY_READ_BINPRM) {
		struct linux_binprm *bprm = kcast(linux_binprm, pointer);

		state = file_read(value, file, kload(bprm, file));
	} else if (reader == SECD_POLICY_READ_PATH) {
		path = kcast(path, pointer);
		state = file_read_path(file, (__u64)kload(path, mnt), kload(path, dentry));
	} else {
		state = file_read_path(file, 0, (struct dentry *)pointer);
	}
	inode = kcast(inode, file->inode);
	if (state == SECD_POLICY_VALUE_PRESENT && inode)
		value->number = kload(inode, i_mode);
	return state;
}

#endif
