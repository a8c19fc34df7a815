/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opened for writing, created, mapped for execution. */
#ifndef SECD_FILE_OPEN_H
#define SECD_FILE_OPEN_H

#include "../lib/syscall.h"
#include "join.h"

/* include/linux/fs.h: bits of f_mode. */
#define SECD_FMODE_WRITE   0x2
#define SECD_FMODE_CREATED 0x100000
/* include/uapi/asm-generic/fcntl.h */
#define SECD_O_ACCMODE 03
#define SECD_O_WRONLY  01
#define SECD_O_CREAT   0100
#define SECD_O_TRUNC   01000
/* include/uapi/asm-generic/mman-common.h */
#define SECD_PROT_EXEC 4
/* arch/x86/entry/syscalls/syscall_64.tbl */
#define SECD_NR_OPEN     2
#define SECD_NR_CREAT   85
#define SECD_NR_OPENAT 257
#define SECD_NR_OPENAT2 437

/* Flags of the call that returns; 0 where it has none (open_by_handle_at). */
static __always_inline __u32 open_flags(struct pt_regs *regs, int nr)
{
	__u64 flags = 0;

	if (nr == SECD_NR_OPENAT)
		return syscall_argument_2(regs);
	if (nr == SECD_NR_OPEN)
		return syscall_argument_1(regs);
	if (nr == SECD_NR_CREAT)
		return SECD_O_CREAT | SECD_O_WRONLY | SECD_O_TRUNC;
	if (nr == SECD_NR_OPENAT2) /* open_how.flags, its first word */
		bpf_probe_read_user(&flags, sizeof(flags), (void *)syscall_argument_2(regs));
	return flags;
}

/* A refused open for writing: only the string is there. */
static __always_inline void open_failed(struct task_struct *task, struct pt_regs *regs, int nr,
					struct file_event *event)
{
	bool at = nr == SECD_NR_OPENAT || nr == SECD_NR_OPENAT2;
	struct secd_scratch *scratch;
	struct secd_file *file;
	__u32 end, *watch;

	if (!(event->flags & SECD_O_ACCMODE) || !actor_watched(task))
		return;
	scratch = scratch_claim();
	if (!scratch)
		return;
	file = file_of(scratch);
	__builtin_memset(&file->target, 0, sizeof(file->target));
	end = join_append(scratch, sizeof(*file), &file->path, task,
			  at ? (int)syscall_argument_0(regs) : SECD_AT_FDCWD,
			  (const char *)(at ? syscall_argument_1(regs) : syscall_argument_0(regs)));
	watch = watch_of(scratch, sizeof(*file), end - sizeof(*file));
	if (watch)
		file_send(scratch, end, task, event, SECD_FILE_SOURCE_USER, NULL, *watch);
	scratch_release(scratch);
}

/* An open file: told if it can be written or was made by this open. */
static __always_inline void opened(struct task_struct *task, struct file *file,
				   struct file_event *event)
{
	__u32 mode = kload(file, f_mode);

	if (!(mode & (SECD_FMODE_WRITE | SECD_FMODE_CREATED)) || !actor_watched(task))
		return;
	if (mode & SECD_FMODE_CREATED) {
		event->operation = SECD_FILE_CREATE;
		event->mode = kload(file, f_inode, i_mode);
	}
	file_tell_file(task, file, event);
}

static __always_inline int opened_by_call(int nr, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	struct file_event event = { .operation = SECD_FILE_OPEN_WRITE, .result = result };
	struct file *file;

	event.flags = open_flags(regs, nr);
	if (result < 0) {
		open_failed(task, regs, nr, &event);
		return 0;
	}
	file = file_of_descriptor(task, result);
	if (file)
		opened(task, file, &event);
	return 0;
}

struct mapping {
	__u64 file;
};

static long mapping_found(struct task_struct *task, struct vm_area_struct *vma,
			  struct mapping *mapping)
{
	mapping->file = (__u64)kload(vma, vm_file);
	return 0;
}

/* The file is taken from the mapping itself, not from the descriptor: it cannot be another. */
static __always_inline int mapped_by_call(long address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	struct file_event event = { .operation = SECD_FILE_MAP_EXEC };
	struct mapping mapping = {};

	event.flags = syscall_argument_2(regs);
	if (!(event.flags & SECD_PROT_EXEC) || (unsigned long)address > (unsigned long)-4096L ||
	    !actor_watched(task))
		return 0;
	bpf_find_vma(task, address, mapping_found, &mapping, 0);
	if (mapping.file)
		file_tell_file(task, kcast(file, mapping.file), &event);
	return 0;
}

#endif
