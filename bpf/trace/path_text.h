/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths of files as text. Where a dimension has walked a path already, its text is written from the
 * components that were met, root first, straight to where the record has it: a third of what another walk
 * costs.
 */
#ifndef SECD_TRACE_PATH_TEXT_H
#define SECD_TRACE_PATH_TEXT_H

#include "walk.h"

/* The path of a file as text, at `at` of scratch.record; returns its end. */
static __always_inline __u32 path_of_file(struct policy_work *work, struct policy_file *file, __u32 at,
					  struct secd_path *out)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = kload(task, fs);

	work->request.dentry = file->dentry;
	work->request.mount = file->mnt;
	work->request.root_dentry = fs ? (__u64)kload(fs, root.dentry) : 0;
	work->request.root_mount = fs ? (__u64)kload(fs, root.mnt) : 0;
	return path_put(&work->scratch, &work->request, out, at);
}

__noinline __u32 policy_path(struct policy_work *work, struct policy_file *file, __u32 at,
			     struct secd_path *out)
{
	return work && file && out ? path_of_file(work, file, at, out) : at;
}

/* Writes the next component; returns 1 behind the last. */
static __always_inline long component_put(struct policy_work *work)
{
	__u32 left = work->text.left, at = work->text.at, length;
	struct dentry *dentry;
	__u64 name;
	__u8 *to;

	if (!left || at > POLICY_ASIDE)
		return 1;
	left--;
	bounded(left, SECD_POLICY_COMPONENTS_MAX - 1);
	bounded(at, SECD_SCRATCH_RECORD - 1);
	dentry = kcast(dentry, work->dentries[left]);
	length = kload(dentry, d_name.len);
	name = (__u64)kload(dentry, d_name.name);
	bounded(length, SECD_NAME_MAX);
	to = work->scratch.record + at;
	if (at > POLICY_ASIDE) /* for the verifier */
		return 1;
	to[0] = '/';
#ifndef SECD_PROBE_READS
	*(__u64 *)(to + 1) = word_at(name);
	if (length > SECD_SHORT_NAME) {
		bpf_probe_read_kernel(to + 1, length, (void *)name);
	} else if (length > 8) {
		*(__u64 *)(to + 9) = word_at(name + 8);
		*(__u64 *)(to + 17) = word_at(name + 16);
		*(__u64 *)(to + 25) = word_at(name + 24);
	}
#else
	bpf_probe_read_kernel(to + 1, length, (void *)name);
#endif
	/* 1 for a NUL, which no name has. */
	work->text.flags |= (((__u32)to[length] - 1) >> 31) * SECD_PATH_UNREADABLE;
	work->text.left = left;
	work->text.at = at + 1 + length;
	return 0;
}

static long put_stride(__u32 index, struct stride_context *context)
{
#pragma unroll
	for (int n = 0; n < POLICY_WALK_STRIDE; n++)
		if (component_put(context->work))
			return 1;
	return 0;
}

/* Whether the process's root has the whole path below it: its mount was met above all components. */
static __always_inline bool walk_began_inside(struct policy_work *work)
{
	struct component_walk *walk = &work->walk;
	struct task_struct *task = kcast(task_struct, work->task);
	struct fs_struct *fs = kload(task, fs);
	__u64 dentry, mount;

	if (!fs)
		return false;
	dentry = (__u64)kload(fs, root.dentry);
	mount = (__u64)mount_of(kload(fs, root.mnt));
	return (dentry == walk->dentry && mount == walk->mount) ||
	       (dentry == walk->below_dentry && mount == walk->below_mount &&
		walk->below_depth == walk->depth);
}

/*
 * The path of a column's file as text, at `at` of scratch.record, which has room for a path. Where a
 * dimension has walked it, from the components that it met; else, and for a process in a root of its own, by
 * another walk.
 */
__noinline int policy_path_of_column(struct policy_work *work, __u32 column, __u32 at,
				     struct secd_path *out)
{
	struct stride_context context = { .work = work };
	struct dentry *dentry;
	struct mount *mount;

	bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
	if (!work || !out)
		return 0;
	if (work->walk.column != column + 1 || work->walk.state != SECD_POLICY_VALUE_PRESENT ||
	    work->walk.depth > SECD_POLICY_COMPONENTS_MAX || !work->walk.mount || !walk_began_inside(work)) {
		path_of_file(work, &work->files[column], at, out);
		return 0;
	}
	work->text.left = work->walk.depth;
	work->text.at = at;
	dentry = kcast(dentry, work->files[column].dentry);
	mount = kcast(mount, work->walk.mount);
	work->text.flags = path_deleted(dentry) ? SECD_PATH_DELETED : 0;
	if (!kload(mount, mnt_ns))
		work->text.flags |= SECD_PATH_DETACHED;
	if (!work->walk.depth) {
		bounded(at, POLICY_TEXT_MASK);
		work->scratch.record[at] = '/';
		work->text.at++;
	}
	bpf_loop(SECD_POLICY_COMPONENTS_MAX / POLICY_WALK_STRIDE, put_stride, &context, 0);
	out->length = work->text.at - at;
	out->flags = work->text.flags;
	out->root = 0;
	if (work->text.left || out->length >= SECD_PATH_MAX)
		path_of_file(work, &work->files[column], at, out);
	return 0;
}

#endif
