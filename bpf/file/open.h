/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opened for writing, created, mapped for execution: by system call. */
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
#define SECD_NR_OPEN                2
#define SECD_NR_CREAT              85
#define SECD_NR_OPENAT            257
#define SECD_NR_OPEN_BY_HANDLE_AT 304
#define SECD_NR_OPENAT2           437

static __always_inline bool opens(int nr)
{
	return nr == SECD_NR_OPENAT || nr == SECD_NR_OPEN || nr == SECD_NR_CREAT ||
	       nr == SECD_NR_OPENAT2 || nr == SECD_NR_OPEN_BY_HANDLE_AT;
}

/* Flags of the call that returns. */
static __always_inline __u32 open_flags(struct pt_regs *regs, int nr)
{
	__u64 flags = 0;

	if (nr == SECD_NR_OPENAT || nr == SECD_NR_OPEN_BY_HANDLE_AT)
		return syscall_argument_2(regs);
	if (nr == SECD_NR_OPEN)
		return syscall_argument_1(regs);
	if (nr == SECD_NR_CREAT)
		return SECD_O_CREAT | SECD_O_WRONLY | SECD_O_TRUNC;
	if (nr == SECD_NR_OPENAT2) /* open_how.flags, its first word */
		bpf_probe_read_user(&flags, sizeof(flags), (void *)syscall_argument_2(regs));
	return flags;
}

/* An open for writing without a file to look at: only the string is there. */
static __always_inline void opened_by_string(struct task_struct *task, struct pt_regs *regs,
					     int nr, struct file_event *event)
{
	bool at = nr == SECD_NR_OPENAT || nr == SECD_NR_OPENAT2;
	struct secd_scratch *scratch;
	struct secd_file *file;
	__u32 end;

	if (!(event->flags & (SECD_O_ACCMODE | SECD_O_CREAT)) ||
	    nr == SECD_NR_OPEN_BY_HANDLE_AT || !actor_watched(task))
		return;
	scratch = scratch_claim();
	if (!scratch)
		return;
	file = file_of(scratch);
	file_begin(file);
	end = join_append(scratch, sizeof(*file), &file->path, task,
			  at ? (int)syscall_argument_0(regs) : SECD_AT_FDCWD,
			  (const char *)(at ? syscall_argument_1(regs) : syscall_argument_0(regs)));
	file->watch = watch_of(scratch, sizeof(*file), end - sizeof(*file));
	if (file_is_watched(file))
		file_send(scratch, end, task, event, SECD_FILE_SOURCE_USER);
	scratch_release(scratch);
}

/* Whether an open file is of interest, and as what: it can be written, or this open made it. */
static __always_inline bool opened_for_change(struct file *file, struct file_event *event)
{
	__u32 mode = kload(file, f_mode);

	if (!(mode & (SECD_FMODE_WRITE | SECD_FMODE_CREATED)))
		return false;
	if (mode & SECD_FMODE_CREATED) {
		event->operation = SECD_FILE_CREATE;
		event->mode = kload(file, f_inode, i_mode);
	}
	return true;
}

static __always_inline int opened_by_call(int nr, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	struct file_event event = { .operation = SECD_FILE_OPEN_WRITE, .result = result };
	struct file *file = NULL;

	event.flags = open_flags(regs, nr);
	if (result >= 0)
		file = file_of_descriptor(task, result);
	if (!file) /* refused; or another thread was quick to close it */
		opened_by_string(task, regs, nr, &event);
	else if (opened_for_change(file, &event) && actor_watched(task))
		file_tell(task, file, &event);
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

/*
 * A file became code at `address`. It is taken from the mapping itself, not from the descriptor:
 * it cannot be another. Of a range over several mappings the first is told.
 */
static __always_inline void mapped(struct task_struct *task, unsigned long address, __u32 prot)
{
	struct file_event event = { .operation = SECD_FILE_MAP_EXEC, .flags = prot };
	struct mapping mapping = {};

	event.uid = SECD_UNCHANGED;
	event.gid = SECD_UNCHANGED;
	if (!(prot & SECD_PROT_EXEC) || !actor_watched(task))
		return;
	if (bpf_find_vma(task, address, mapping_found, &mapping, 0) == -SECD_EBUSY)
		count(SECD_COUNTER_MAPPING_BUSY);
	if (mapping.file)
		file_tell(task, kcast(file, mapping.file), &event);
}

static __always_inline int mapped_by_call(long address)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if ((unsigned long)address <= (unsigned long)-4096L)
		mapped(task, address, syscall_argument_2(syscall_registers(task)));
	return 0;
}

/* mprotect(address, length, prot), pkey_mprotect */
static __always_inline int protected_by_call(long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);

	if (result == 0)
		mapped(task, syscall_argument_0(regs), syscall_argument_2(regs));
	return 0;
}

#endif
