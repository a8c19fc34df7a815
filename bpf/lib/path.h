/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A (dentry, mount) pair to the path that the host sees, in one walk from the leaf to the root
 * of the mount namespace, crossing mounts on the way. Where the walk passes the process's own
 * root, the place is noted, so the process's view costs nothing more (see secd_path).
 *
 * The walk takes no locks: rename_lock is out of reach. A rename in the middle can give a path
 * that never was; the window is the walk itself, under 1 us, and the inode in the record is
 * exact all the same.
 */
#ifndef SECD_LIB_PATH_H
#define SECD_LIB_PATH_H

#include "../kernel/access.h"
#include "../abi/process.h"
#include "counters.h"
#include "scratch.h"
#include "words.h"

/* A component takes at least two bytes ("/a"), so no PATH_MAX path has more of them; mount
 * crossings add steps. */
#define SECD_PATH_STEPS 2304
#define SECD_NAME_MAX   255

struct path_walk {
	__u64 dentry;
	__u64 mount;             /* struct mount */
	__u64 mount_root;        /* its root dentry */
	__u64 root_dentry;       /* the process's root; 0 = not wanted */
	__u64 root_mount;        /* struct vfsmount */
	struct secd_scratch *scratch;
	__u32 start;             /* first used byte of scratch->path */
	__u32 root_start;        /* `start` when the process's root was passed; ~0 = never */
	__u32 flags;
	__u32 done;
};

static __always_inline struct mount *mount_of(const struct vfsmount *mnt)
{
	return (struct mount *)((void *)mnt - bpf_core_field_offset(struct mount, mnt));
}

/* Puts `/name` in front. Returns false where the walk cannot go on. */
static __always_inline bool path_component(struct path_walk *walk, struct dentry *dentry)
{
	__u32 length = pload(dentry, d_name.len), start = walk->start, end;
	const unsigned char *name = pload(dentry, d_name.name);

	if (length == 0 || length > SECD_NAME_MAX || length + 1 > start) {
		walk->flags |= SECD_PATH_TRUNCATED;
		walk->done = 1;
		return false;
	}
	if (length == 1 && (walk->flags & SECD_PATH_DETACHED) && pload(dentry, d_parent) == dentry) {
		char root = 0;

		/* The root of a whole file system is called "/": no component. */
		if (!bpf_probe_read_kernel(&root, 1, name) && root == '/')
			return false;
	}
	bounded(start, SECD_PATH_MAX - 1);
	bounded(length, SECD_NAME_MAX);
	end = start;
	start -= length;
	bounded(start, SECD_PATH_MAX - 1);
	if (!name_copy_before(walk->scratch->path + end, name, length) &&
	    bpf_probe_read_kernel(walk->scratch->path + start, length, name)) {
		walk->flags |= SECD_PATH_UNREADABLE;
		count(SECD_COUNTER_PATH_FAULT);
		walk->done = 1;
		return false;
	}
	/* 1 for a NUL, without a branch: each doubles what the verifier walks. */
	walk->flags |= (((__u32)(walk->scratch->path + end)[-1] - 1) >> 31) * SECD_PATH_UNREADABLE;
	start--;
	bounded(start, SECD_PATH_MAX - 1);
	walk->scratch->path[start] = '/';
	walk->start = start;
	return true;
}

static long path_step(__u32 index, struct path_walk *walk)
{
	struct dentry *dentry = kcast(dentry, walk->dentry);
	struct mount *mount, *mount_parent;
	struct dentry *parent;
	__u32 is_detached;

	if (walk->dentry == walk->root_dentry &&
	    walk->mount + bpf_core_field_offset(struct mount, mnt) == walk->root_mount)
		walk->root_start = walk->start;

	parent = pload(dentry, d_parent);
	if (walk->mount_root == walk->dentry) {
		mount = kcast(mount, walk->mount);
		mount_parent = pload(mount, mnt_parent);
		if ((__u64)mount_parent == walk->mount || !mount_parent) {
			if (!pload(mount, mnt_ns))
				walk->flags |= SECD_PATH_DETACHED;
			walk->done = 1;
			return 1;
		}
		walk->dentry = (__u64)pload(mount, mnt_mountpoint);
		walk->mount = (__u64)mount_parent;
		walk->mount_root = (__u64)pload(mount_parent, mnt.mnt_root);
		return 0;
	}
	/* Its own parent, not the mount's root: memfd, or above a bind mount. */
	is_detached = (__u64)parent == walk->dentry;
	walk->flags |= is_detached * SECD_PATH_DETACHED;
	walk->done |= is_detached;
	if (!path_component(walk, dentry) || is_detached)
		return 1;
	walk->dentry = (__u64)parent;
	return 0;
}

/* DCACHE_DISCONNECTED is not "deleted": the kernel's own test is d_unhashed. A file without
 * links has no name; a directory without links was removed. */
static __always_inline bool path_deleted(struct dentry *dentry)
{
	struct inode *inode = pload(dentry, d_inode);

	return inode && pload(inode, i_nlink) == 0;
}

/* What path_build needs, from the caller's stack. */
struct path_request {
	__u64 dentry;
	__u64 mount;             /* struct vfsmount */
	__u64 root_dentry;       /* of the process's root; 0 = not wanted */
	__u64 root_mount;
};

/*
 * Walks a path into the end of scratch->path and describes it in `out`. Returns where it begins
 * there; it has at least one byte. A global function: the verifier walks it once for each program,
 * not once for each state of each call, which is most of the time that loading takes.
 */
__noinline __u32 path_find(struct secd_scratch *scratch, struct path_request *request,
			   struct secd_path *out)
{
	struct path_walk walk = { .start = SECD_PATH_MAX - 1, .root_start = ~0U };
	struct mount *mount;
	__u32 start;

	if (!scratch || !request || !out)
		return 0;
	walk.dentry = request->dentry;
	walk.mount = (__u64)mount_of((const struct vfsmount *)request->mount);
	mount = kcast(mount, walk.mount);
	walk.mount_root = (__u64)pload(mount, mnt.mnt_root);
	walk.root_dentry = request->root_dentry;
	walk.root_mount = request->root_mount;
	walk.scratch = scratch;
	if (path_deleted(kcast(dentry, request->dentry)))
		walk.flags |= SECD_PATH_DELETED;
	bpf_loop(SECD_PATH_STEPS, path_step, &walk, 0);
	if (!walk.done)
		walk.flags |= SECD_PATH_TRUNCATED;
	start = walk.start;
	bounded(start, SECD_PATH_MAX - 1);
	if (start == SECD_PATH_MAX - 1) { /* the root itself has no component */
		start--;
		scratch->path[start] = '/';
	}
	out->length = SECD_PATH_MAX - 1 - start;
	out->flags = walk.flags;
	out->root = walk.root_start == ~0U ? SECD_PATH_OUTSIDE : walk.root_start - start;
	return start;
}

/* Appends a path at `end` of the record; returns the new end. */
static __always_inline __u32 path_put(struct secd_scratch *scratch, struct path_request *request,
				      struct secd_path *out, __u32 end)
{
	__u32 start, length;

	start = path_find(scratch, request, out);
	/* The compiler knows these bounds, the verifier does not. */
	bounded(start, SECD_PATH_MAX - 1);
	length = SECD_PATH_MAX - 1 - start;
	bounded(length, SECD_PATH_MAX - 1);
	if (end > SECD_SCRATCH_LAST_START || length == 0 ||
	    !string_copy(scratch->record + end, scratch->path + start, length)) {
		out->length = 0;
		out->flags |= SECD_PATH_UNREADABLE;
		return end;
	}
	return end + length;
}

/* The body of path_append, a global function for the same reason. */
__noinline __u32 path_build(struct secd_scratch *scratch, struct path_request *request,
			    struct secd_path *out, __u32 end)
{
	return scratch && request && out ? path_put(scratch, request, out, end) : end;
}

/*
 * Appends the path at `end` of the scratch record and describes it in `out`. `root` is the
 * process's root (task->fs->root) or has a null dentry. Returns the new end.
 */
static __always_inline __u32 path_append(struct secd_scratch *scratch, __u32 end,
					 struct secd_path *out, struct vfsmount *mnt,
					 struct dentry *dentry, struct vfsmount *root_mnt,
					 struct dentry *root_dentry)
{
	struct path_request request = {
		.dentry = (__u64)dentry,
		.mount = (__u64)mnt,
		.root_dentry = (__u64)root_dentry,
		.root_mount = (__u64)root_mnt,
	};

	end = path_build(scratch, &request, out, end);
	/* Less than PATH_MAX behind at most LAST_START: the compiler knows, the verifier does not. */
	bounded(end, SECD_SCRATCH_RECORD - 1);
	return end;
}

#endif
