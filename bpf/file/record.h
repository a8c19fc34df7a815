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

/* include/uapi/asm-generic/errno-base.h */
#define SECD_EBUSY 16
/* Not changed (chown), or no such argument. */
#define SECD_UNCHANGED (~0U)

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

/* A record with one name until a second is appended. */
static __always_inline void file_begin(struct secd_file *file)
{
	__builtin_memset(&file->target, 0, sizeof(file->target));
	__builtin_memset(&file->inode, 0, sizeof(file->inode));
	file->watch = SECD_FILE_NOT_WATCHED;
	file->target_watch = SECD_FILE_NOT_WATCHED;
}

static __always_inline bool file_is_watched(const struct secd_file *file)
{
	if (file->watch != SECD_FILE_NOT_WATCHED || file->target_watch != SECD_FILE_NOT_WATCHED)
		return true;
	if ((file->path.flags | file->target.flags) & SECD_PATH_TRUNCATED)
		count(SECD_COUNTER_PATH_TOO_LONG);
	return false;
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

/* Everything but the paths and the inode. */
static __always_inline void file_fill(struct secd_file *file, struct task_struct *task,
				      const struct file_event *event, __u32 source)
{
	struct actor actor = {};

	actor_read(&actor);
	file->image = actor.image;
	file->cgroup_id = actor.cgroup_id;
	file->tid = actor.tid;
	file->operation = event->operation;
	file->source = source;
	file->flags = event->flags;
	file->mode = event->mode;
	file->uid = event->uid;
	file->gid = event->gid;
	file->result = event->result;
}

/* Sends a filled record that ends at `end`. */
static __always_inline void file_emit(struct secd_file *file, __u32 end)
{
	emit(&file->head, end, SECD_KIND_FILE, SECD_RING_OBSERVATION, bpf_ktime_get_boot_ns());
}

/* Completes and sends the record that ends at `end`. */
static __always_inline void file_send(struct secd_scratch *scratch, __u32 end,
				      struct task_struct *task, const struct file_event *event,
				      __u32 source)
{
	file_fill(file_of(scratch), task, event, source);
	if (end <= SECD_SCRATCH_RECORD) /* always; tells the verifier */
		file_emit(file_of(scratch), end);
}

/* Begins a record about one file that the kernel names; returns its end, 0 = not watched. */
static __always_inline __u32 file_name(struct secd_scratch *scratch, struct task_struct *task,
				       struct vfsmount *mnt, struct dentry *dentry,
				       struct inode *inode)
{
	struct secd_file *file = file_of(scratch);
	__u32 end;

	file_begin(file);
	end = file_append_kernel(scratch, sizeof(*file), &file->path, task, mnt, dentry);
	file->watch = watch_of(scratch, sizeof(*file), end - sizeof(*file));
	if (!file_is_watched(file))
		return 0;
	if (inode)
		inode_read(&file->inode, inode);
	return end;
}

/* An event about one open file. */
static __always_inline void file_tell(struct task_struct *task, struct file *file,
				      const struct file_event *event)
{
	struct secd_scratch *scratch = scratch_claim();
	__u32 end;

	if (!scratch)
		return;
	end = file_name(scratch, task, kload(file, f_path.mnt), kload(file, f_path.dentry),
			kload(file, f_inode));
	if (end)
		file_send(scratch, end, task, event, SECD_FILE_SOURCE_KERNEL);
	scratch_release(scratch);
}

#endif
