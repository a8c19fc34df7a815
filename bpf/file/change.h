/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names and attributes by system call: one program on all of them, told apart by number. */
#ifndef SECD_FILE_CHANGE_H
#define SECD_FILE_CHANGE_H

#include "open.h"

/* include/uapi/linux/fcntl.h */
#define SECD_AT_SYMLINK_NOFOLLOW 0x100
#define SECD_AT_REMOVEDIR        0x200
/* arch/x86/entry/syscalls/syscall_64.tbl */
#define SECD_NR_FCHMOD 91
#define SECD_NR_FCHOWN 93

/* A call in terms of what it names. */
struct change {
	struct file_event event;
	const char *path;
	const char *target;      /* NULL: one name */
	int directory;
	int target_directory;
};

static __always_inline __u32 new_mode(__u32 mode)
{
	return mode & ~(__u32)kload(bpf_get_current_task_btf(), fs, umask);
}

/*
 * arch/x86/entry/syscalls/syscall_64.tbl; false for a number that is not ours. The arguments
 * are numbered a to e.
 */
static __always_inline bool change_read(struct change *change, struct pt_regs *regs, int nr)
{
	unsigned long a = syscall_argument_0(regs), b = syscall_argument_1(regs);
	unsigned long c = syscall_argument_2(regs), d = syscall_argument_3(regs);
	unsigned long e = syscall_argument_4(regs);
	struct file_event *event = &change->event;

	change->directory = SECD_AT_FDCWD;
	change->target_directory = SECD_AT_FDCWD;
	change->path = (const char *)a;
	event->uid = SECD_UNCHANGED;
	event->gid = SECD_UNCHANGED;
	switch (nr) {
	case 84: /* rmdir(path) */
		event->flags = SECD_AT_REMOVEDIR;
		event->operation = SECD_FILE_DELETE;
		return true;
	case 87: /* unlink(path) */
		event->operation = SECD_FILE_DELETE;
		return true;
	case 263: /* unlinkat(dir, path, flags) */
		event->operation = SECD_FILE_DELETE;
		event->flags = c;
		break;
	case 83: /* mkdir(path, mode) */
	case 133: /* mknod(path, mode, dev) */
		event->operation = SECD_FILE_CREATE;
		event->mode = new_mode(b);
		return true;
	case 258: /* mkdirat(dir, path, mode) */
	case 259: /* mknodat(dir, path, mode, dev) */
		event->operation = SECD_FILE_CREATE;
		event->mode = new_mode(c);
		break;
	case 90: /* chmod(path, mode) */
		event->operation = SECD_FILE_CHMOD;
		event->mode = b;
		return true;
	case 268: /* fchmodat(dir, path, mode) */
	case 452: /* fchmodat2(dir, path, mode, flags) */
		event->operation = SECD_FILE_CHMOD;
		event->mode = c;
		event->flags = nr == 452 ? d : 0;
		break;
	case 92: /* chown(path, uid, gid) */
	case 94: /* lchown(path, uid, gid) */
		event->operation = SECD_FILE_CHOWN;
		event->uid = b;
		event->gid = c;
		event->flags = nr == 94 ? SECD_AT_SYMLINK_NOFOLLOW : 0;
		return true;
	case 260: /* fchownat(dir, path, uid, gid, flags) */
		event->operation = SECD_FILE_CHOWN;
		event->uid = c;
		event->gid = d;
		event->flags = e;
		break;
	case 82: /* rename(path, target) */
		event->operation = SECD_FILE_RENAME;
		change->target = (const char *)b;
		return true;
	case 86: /* link(path, target) */
		event->operation = SECD_FILE_LINK;
		change->target = (const char *)b;
		return true;
	case 264: /* renameat(dir, path, dir, target) */
	case 316: /* renameat2(dir, path, dir, target, flags) */
	case 265: /* linkat(dir, path, dir, target, flags) */
		event->operation = nr == 265 ? SECD_FILE_LINK : SECD_FILE_RENAME;
		change->target = (const char *)d;
		change->target_directory = c;
		event->flags = nr == 264 ? 0 : e;
		break;
	case 76: /* truncate(path, length): what an open with these flags does */
		event->operation = SECD_FILE_OPEN_WRITE;
		event->flags = SECD_O_WRONLY | SECD_O_TRUNC;
		return true;
	case 88: /* symlink(contents, path): the contents name nothing yet */
		event->operation = SECD_FILE_LINK;
		change->path = (const char *)b;
		return true;
	case 266: /* symlinkat(contents, dir, path) */
		event->operation = SECD_FILE_LINK;
		change->directory = b;
		change->path = (const char *)c;
		return true;
	default:
		return false;
	}
	change->directory = a;
	change->path = (const char *)b;
	return true;
}

/* The names of a call as its caller passed them. */
static __always_inline void changed_by_string(struct task_struct *task, struct change *change)
{
	struct secd_scratch *scratch = scratch_claim();
	struct secd_file *file;
	__u32 end, path_end;

	if (!scratch)
		return;
	file = file_of(scratch);
	file_begin(file);
	path_end = join_append(scratch, sizeof(*file), &file->path, task, change->directory,
			       change->path);
	end = path_end;
	file->watch = watch_of(scratch, sizeof(*file), path_end - sizeof(*file));
	if (change->target && path_end <= SECD_JOIN_BASE_MASK) {
		end = join_append(scratch, path_end, &file->target, task, change->target_directory,
				  change->target);
		file->target_watch = watch_of(scratch, path_end, end - path_end);
	}
	if (file_is_watched(file))
		file_send(scratch, end, task, &change->event, SECD_FILE_SOURCE_USER);
	scratch_release(scratch);
}

static __always_inline int changed_by_call(int nr, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct change change = {};

	if (!actor_watched(task) || !change_read(&change, syscall_registers(task), nr))
		return 0;
	change.event.result = result;
	changed_by_string(task, &change);
	return 0;
}

/* fchmod(fd, mode) and fchown(fd, uid, gid). */
static __always_inline void descriptor_change_read(struct file_event *event, struct pt_regs *regs,
						   int nr)
{
	event->uid = SECD_UNCHANGED;
	event->gid = SECD_UNCHANGED;
	if (nr == SECD_NR_FCHMOD) {
		event->operation = SECD_FILE_CHMOD;
		event->mode = syscall_argument_1(regs);
	} else {
		event->operation = SECD_FILE_CHOWN;
		event->uid = syscall_argument_1(regs);
		event->gid = syscall_argument_2(regs);
	}
}

static __always_inline int changed_by_descriptor(int nr, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	struct file_event event = { .result = result };
	struct file *file;

	if (!actor_watched(task))
		return 0;
	descriptor_change_read(&event, regs, nr);
	file = file_of_descriptor(task, syscall_argument_0(regs));
	if (file)
		file_tell(task, file, &event);
	return 0;
}

#endif
