/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The same from the kernel's security_* functions (fexit): names as the kernel resolved them,
 * whatever call it was. They run before the change, so `result` is the security modules'
 * verdict; an operation may still fail later for reasons of the file system.
 */
#ifndef SECD_FILE_DIRECT_H
#define SECD_FILE_DIRECT_H

#include "change.h"

/* Return value of the traced function: its place differs with the number of arguments. */
static __always_inline int verdict(void *ctx)
{
	__u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return (int)value;
}

static __always_inline int opened_directly(struct file *file, int result)
{
	struct file_event event = { .operation = SECD_FILE_OPEN_WRITE, .result = result };

	event.flags = kload(file, f_flags);
	opened(bpf_get_current_task_btf(), file, &event);
	return 0;
}

static __always_inline int mapped_directly(struct file *file, unsigned long prot, int result)
{
	struct file_event event = { .operation = SECD_FILE_MAP_EXEC, .result = result };
	struct task_struct *task = bpf_get_current_task_btf();

	if (!file || !(prot & SECD_PROT_EXEC) || !actor_watched(task))
		return 0;
	event.flags = prot;
	file_tell_file(task, file, &event);
	return 0;
}

/* An entry of a directory: created or deleted. */
static __always_inline int entry_directly(const struct path *dir, struct dentry *dentry,
					  __u32 operation, __u32 mode, int result)
{
	struct file_event event = { .operation = operation, .mode = mode, .result = result };
	struct task_struct *task = bpf_get_current_task_btf();

	if (!actor_watched(task))
		return 0;
	event.uid = SECD_UNCHANGED;
	event.gid = SECD_UNCHANGED;
	file_tell(task, kload(dir, mnt), dentry, kload(dentry, d_inode), &event);
	return 0;
}

/* Mode or owner of a file. */
static __always_inline int attribute_directly(const struct path *path, struct file_event *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dentry *dentry = kload(path, dentry);

	if (actor_watched(task))
		file_tell(task, kload(path, mnt), dentry, kload(dentry, d_inode), event);
	return 0;
}

/* rename, link: two names in one mount. */
static __always_inline int names_directly(const struct path *dir, struct dentry *dentry,
					  struct dentry *target, struct file_event *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vfsmount *mnt = kload(dir, mnt);
	struct secd_scratch *scratch;
	struct secd_file *file;
	__u32 end, path_end, *watch;

	if (!actor_watched(task))
		return 0;
	scratch = scratch_claim();
	if (!scratch)
		return 0;
	event->uid = SECD_UNCHANGED;
	event->gid = SECD_UNCHANGED;
	file = file_of(scratch);
	path_end = file_append_kernel(scratch, sizeof(*file), &file->path, task, mnt, dentry);
	watch = watch_of(scratch, sizeof(*file), path_end - sizeof(*file));
	end = file_append_kernel(scratch, path_end, &file->target, task, mnt, target);
	if (!watch)
		watch = watch_of(scratch, path_end, end - path_end);
	if (watch)
		file_send(scratch, end, task, event, SECD_FILE_SOURCE_KERNEL,
			  kload(dentry, d_inode), *watch);
	scratch_release(scratch);
	return 0;
}

#endif
