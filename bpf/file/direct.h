/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The same from the kernel's security_* functions (fexit): files as the kernel resolved them,
 * whatever call it was. What they return is the security modules' verdict; the end of the
 * system call says the rest (pending.h).
 */
#ifndef SECD_FILE_DIRECT_H
#define SECD_FILE_DIRECT_H

#include "pending.h"

/* include/linux/fs.h: opened by a file system for itself, in f_mode (6.1: with the path of the
 * file that it serves); in s_flags: a file system that nobody can mount, as that of memfd. */
#define SECD_FMODE_NOACCOUNT 0x20000000
#define SECD_SB_NOUSER       (1UL << 31)
/* include/linux/err.h; mnt_ns of mounts that the kernel made for itself is an error. */
#define SECD_MAX_ERRNO 4095

/* Return value of the traced function: its place differs with the number of arguments. */
static __always_inline int verdict(void *ctx)
{
	__u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return (int)value;
}

/* What overlayfs opens below itself: the call was about another file. */
static __always_inline bool opened_inside(struct file *file)
{
	struct mount *mount = mount_of(kload(file, f_path.mnt));

	if (kload(file, f_mode) & SECD_FMODE_NOACCOUNT)
		return true;
	mount = kcast(mount, mount);
	return (__u64)kload(mount, mnt_ns) >= (__u64)-SECD_MAX_ERRNO &&
	       !(kload(file, f_path.dentry, d_sb, s_flags) & SECD_SB_NOUSER);
}

static __always_inline void directly(struct task_struct *task, struct vfsmount *mnt,
				     struct dentry *dentry, struct inode *inode,
				     struct file_event *event, enum ending ending)
{
	struct secd_scratch *scratch = scratch_claim();
	__u32 end;

	if (!scratch)
		return;
	end = file_name(scratch, task, mnt, dentry, inode);
	if (end)
		pending_keep(scratch, end, task, event, ending);
	scratch_release(scratch);
}

static __always_inline int opened_directly(struct file *file, int result)
{
	struct file_event event = { .operation = SECD_FILE_OPEN_WRITE, .result = result };
	struct task_struct *task = bpf_get_current_task_btf();
	enum ending ending;

	if (!opened_for_change(file, &event) || !actor_watched(task))
		return 0;
	ending = ending_of(task, true);
	if (ending == ENDING_ELSEWHERE || opened_inside(file))
		return 0;
	event.flags = kload(file, f_flags);
	directly(task, kload(file, f_path.mnt), kload(file, f_path.dentry), kload(file, f_inode),
		 &event, ending);
	return 0;
}

/* One name in a directory, or one file. */
static __always_inline int named_directly(const struct path *path, struct dentry *dentry,
					  struct file_event *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	enum ending ending;

	if (!actor_watched(task))
		return 0;
	ending = ending_of(task, false);
	if (ending != ENDING_ELSEWHERE)
		directly(task, kload(path, mnt), dentry, kload(dentry, d_inode), event, ending);
	return 0;
}

/* rename, link: two names in one mount. */
static __always_inline int renamed_directly(const struct path *dir, struct dentry *dentry,
					    struct dentry *target, struct file_event *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vfsmount *mnt = kload(dir, mnt);
	struct secd_scratch *scratch;
	struct secd_file *file;
	enum ending ending;
	__u32 end, path_end;

	if (!actor_watched(task))
		return 0;
	ending = ending_of(task, false);
	if (ending == ENDING_ELSEWHERE)
		return 0;
	scratch = scratch_claim();
	if (!scratch)
		return 0;
	file = file_of(scratch);
	file_begin(file);
	path_end = file_append_kernel(scratch, sizeof(*file), &file->path, task, mnt, dentry);
	file->watch = watch_of(scratch, sizeof(*file), path_end - sizeof(*file));
	end = file_append_kernel(scratch, path_end, &file->target, task, mnt, target);
	file->target_watch = watch_of(scratch, path_end, end - path_end);
	if (file_is_watched(file)) {
		struct inode *inode = kload(dentry, d_inode);

		if (inode)
			inode_read(&file->inode, inode);
		pending_keep(scratch, end, task, event, ending);
	}
	scratch_release(scratch);
	return 0;
}

#endif
