/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path that a process passed, made absolute in the host's view: the path of its directory
 * from the kernel, then the process's string without ".", ".." and double slashes. Symbolic
 * links in it are not followed, and another thread may have changed it after the kernel read
 * it: hence SECD_PATH_USER, and no enforcement on it.
 */
#ifndef SECD_FILE_JOIN_H
#define SECD_FILE_JOIN_H

#include "../lib/descriptor.h"
#include "record.h"

/* include/uapi/linux/fcntl.h */
#define SECD_AT_FDCWD (-100)
/* Every byte is taken once and at most once taken back. */
#define SECD_JOIN_STEPS (2 * SECD_PATH_MAX)
/* A second path starts behind a first one: record offsets of joined paths fit this mask. */
#define SECD_JOIN_BASE_MASK 8191

/*
 * Stands behind the string in scratch->path, not on the stack: there the verifier would count
 * every step of the loop by its numbers and never come to an end.
 */
struct join {
	__u32 base;              /* of the path in scratch->record */
	__u32 in;                /* next byte of the string, in scratch->path */
	__u32 out;               /* bytes of the path so far */
	__u32 floor;             /* ".." ends here: the process's root */
	__u32 component;         /* bytes of the current component */
	__u32 dots;              /* how many of them are dots */
	__u32 popping;           /* a ".." is taking its parent away */
	__u32 done;
};
_Static_assert(sizeof(struct join) <= sizeof(((struct secd_scratch *)0)->path) - SECD_PATH_MAX,
	       "the slack of scratch->path holds it");

struct join_context {
	struct secd_scratch *scratch;
};

static __always_inline struct join *join_of(struct secd_scratch *scratch)
{
	return (struct join *)(scratch->path + SECD_PATH_MAX);
}

static __always_inline void join_put(struct secd_scratch *scratch, struct join *join, __u8 byte)
{
	__u32 base = join->base, out = join->out;

	bounded(base, SECD_JOIN_BASE_MASK);
	bounded(out, SECD_PATH_MAX - 1);
	scratch->record[base + out] = byte;
	join->out++;
}

/* "." goes, ".." goes and takes its parent along. */
static __always_inline void join_component(struct join *join)
{
	if (join->component == join->dots) {
		if (join->component == 1) {
			join->out -= 2;
		} else if (join->component == 2) {
			join->out -= 3;
			join->popping = join->out > join->floor;
		}
	}
	join->component = 0;
	join->dots = 0;
}

static long join_step(__u32 index, struct join_context *context)
{
	struct secd_scratch *scratch = context->scratch;
	struct join *join = join_of(scratch);
	__u32 base = join->base, at = join->in;
	__u8 byte;

	if (join->popping) {
		join->out--;
		at = join->out;
		bounded(base, SECD_JOIN_BASE_MASK);
		bounded(at, SECD_PATH_MAX - 1);
		if (join->out <= join->floor || scratch->record[base + at] == '/')
			join->popping = 0;
		return join->done && !join->popping;
	}
	bounded(at, SECD_PATH_MAX - 1);
	byte = scratch->path[at];
	join->in++;
	if (byte == 0 || byte == '/') {
		if (join->component)
			join_component(join);
		if (byte == 0)
			join->done = 1;
		return join->done && !join->popping;
	}
	if (join->out + !join->component > SECD_PATH_MAX - 2) {
		join->done = 2;
		return 1;
	}
	if (!join->component)
		join_put(scratch, join, '/');
	join_put(scratch, join, byte);
	join->component++;
	if (byte == '.')
		join->dots++;
	return 0;
}

/* Appends the host's path of the directory that `string` starts from; returns its length. */
static __always_inline __u32 join_directory(struct secd_scratch *scratch, __u32 end,
					    struct secd_path *out, struct task_struct *task, int dirfd,
					    bool absolute)
{
	struct fs_struct *fs = kload(task, fs);
	struct vfsmount *mnt;
	struct dentry *dentry;
	struct file *file;

	if (absolute) {
		mnt = kload(fs, root.mnt);
		dentry = kload(fs, root.dentry);
	} else if (dirfd == SECD_AT_FDCWD) {
		mnt = kload(fs, pwd.mnt);
		dentry = kload(fs, pwd.dentry);
	} else {
		file = file_of_descriptor(task, dirfd);
		if (!file)
			return 0;
		mnt = kload(file, f_path.mnt);
		dentry = kload(file, f_path.dentry);
	}
	return file_append_kernel(scratch, end, out, task, mnt, dentry) - end;
}

/* Appends the joined path at `end` (at most SECD_JOIN_BASE_MASK); returns the new end. */
static __always_inline __u32 join_append(struct secd_scratch *scratch, __u32 end,
					 struct secd_path *out, struct task_struct *task, int dirfd,
					 const char *string)
{
	struct join_context context = { .scratch = scratch };
	struct join *join = join_of(scratch);
	char first = 0;
	__u32 length;
	long read;

	bpf_probe_read_user(&first, 1, string);
	out->length = 0;
	out->root = 0;
	out->flags = 0;
	length = join_directory(scratch, end, out, task, dirfd, first == '/');
	if (length == 0 || length >= SECD_PATH_MAX) {
		out->flags |= SECD_PATH_UNREADABLE;
		return end;
	}
	__builtin_memset(join, 0, sizeof(*join));
	join->base = end;
	if (first == '/') { /* the directory is the process's root */
		join->floor = length == 1 ? 0 : length;
		out->root = join->floor;
	} else if (out->root != SECD_PATH_OUTSIDE) {
		join->floor = out->root;
	}
	join->out = length == 1 ? 0 : length; /* "/" has no component */
	/* 0 is an empty string (AT_EMPTY_PATH) on older kernels. */
	read = bpf_probe_read_user_str(scratch->path, SECD_PATH_MAX, string);
	if (read <= 0)
		scratch->path[0] = 0;
	if (read < 0)
		out->flags |= SECD_PATH_UNREADABLE;
	bpf_loop(SECD_JOIN_STEPS, join_step, &context, 0);
	if (join->done != 1)
		out->flags |= SECD_PATH_TRUNCATED;
	if (join->out == 0)
		join_put(scratch, join, '/');
	length = join->out;
	bounded(length, SECD_PATH_MAX - 1);
	out->length = length;
	out->flags = (out->flags & ~SECD_PATH_DELETED) | SECD_PATH_USER;
	return end + length;
}

#endif
