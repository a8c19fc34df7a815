/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file record: path first, then the watch, and only for a watched path the rest. What is not
 * watched costs the walk and one look-up.
 */
#ifndef SECD_FILE_RECORD_H
#define SECD_FILE_RECORD_H

#include "../lib/actor.h"
#include "../lib/emit.h"
#include "../lib/inode.h"
#include "../lib/path.h"
#include "watch.h"

/* What a hook knows before the path is looked at. */
struct file_event {
	__u32 operation;
	__u32 flags;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__s32 result;
};

static __always_inline struct secd_file *file_of(struct secd_scratch *scratch)
{
	return (struct secd_file *)scratch->record;
}

/* Appends the kernel's path of a dentry; returns the new end. */
static __always_inline __u32 file_append_kernel(struct secd_scratch *scratch, __u32 end,
						struct secd_path *out, struct task_struct *task,
						struct vfsmount *mnt, struct dentry *dentry)
{
	struct fs_struct *fs = kload(task, fs);

	return path_append(scratch, end, out, mnt, dentry, kload(fs, root.mnt),
			   kload(fs, root.dentry));
}

/* Completes and sends the record that ends at `end`. */
static __always_inline void file_send(struct secd_scratch *scratch, __u32 end,
				      struct task_struct *task, const struct file_event *event,
				      __u32 source, struct inode *inode, __u32 watch)
{
	struct secd_file *file = file_of(scratch);
	struct actor actor;

	actor_read(&actor, task);
	file->image = actor.image;
	if (inode)
		inode_read(&file->inode, inode);
	else
		__builtin_memset(&file->inode, 0, sizeof(file->inode));
	file->cgroup_id = actor.cgroup_id;
	file->operation = event->operation;
	file->source = source;
	file->flags = event->flags;
	file->mode = event->mode;
	file->uid = event->uid;
	file->gid = event->gid;
	file->result = event->result;
	file->tid = actor.tid;
	file->watch = watch;
	file->reserved = 0;
	if (end <= SECD_SCRATCH_RECORD) /* always; tells the verifier */
		emit(&file->head, end, SECD_KIND_FILE, SECD_RING_OBSERVATION,
		     bpf_ktime_get_boot_ns());
}

/* An event about one file that the kernel names. */
static __always_inline void file_tell(struct task_struct *task, struct vfsmount *mnt,
				      struct dentry *dentry, struct inode *inode,
				      const struct file_event *event)
{
	struct secd_scratch *scratch = scratch_claim();
	struct secd_file *file;
	__u32 end, *watch;

	if (!scratch)
		return;
	file = file_of(scratch);
	file->target.length = 0;
	file->target.root = 0;
	file->target.flags = 0;
	end = file_append_kernel(scratch, sizeof(*file), &file->path, task, mnt, dentry);
	watch = watch_of(scratch, sizeof(*file), end - sizeof(*file));
	if (watch)
		file_send(scratch, end, task, event, SECD_FILE_SOURCE_KERNEL, inode, *watch);
	scratch_release(scratch);
}

static __always_inline void file_tell_file(struct task_struct *task, struct file *file,
					   const struct file_event *event)
{
	file_tell(task, kload(file, f_path.mnt), kload(file, f_path.dentry), kload(file, f_inode),
		  event);
}

#endif
