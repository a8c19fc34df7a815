/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Executable files, as processes map them. What policies ask for is argument 0: the struct file of the
 * mapping itself, not of the descriptor: it cannot be another.
 */
#ifndef SECD_TRACE_LOAD_H
#define SECD_TRACE_LOAD_H

#include "../lib/syscall.h"
#include "event.h"

/* include/uapi/asm-generic/mman-common.h, include/asm-generic/errno-base.h, include/uapi/linux/auxvec.h */
#define LOAD_PROT_EXEC 4
#define LOAD_EBUSY     16
#define LOAD_AT_BASE   7
/* Pairs of numbers that the kernel gives every program; it has some 25. */
#define LOAD_AUXV_PAIRS 32

struct loaded {
	__u64 file;
};

static long load_found(struct task_struct *task, struct vm_area_struct *vma, struct loaded *loaded)
{
	loaded->file = (__u64)kload(vma, vm_file);
	return 0;
}

static __always_inline void load_tell(__u32 hook, __u64 file)
{
	struct event event = event_begin(hook, false);

	if (!event.work)
		return;
	event.work->arguments[0] = file;
	event_end(&event);
}

/* Tells the file that is mapped at an address; of a range that of the beginning. */
static __always_inline void load_find(__u32 hook, __u64 address)
{
	struct loaded loaded = {};

	if (bpf_find_vma(bpf_get_current_task_btf(), address, load_found, &loaded, 0) == -LOAD_EBUSY)
		count(SECD_COUNTER_MAPPING_BUSY);
	if (loaded.file)
		load_tell(hook, loaded.file);
}

/* mmap, by its result. */
static __always_inline int load_mapped(void *ctx, long address)
{
	struct pt_regs *regs = syscall_registers(bpf_get_current_task_btf());

	if ((unsigned long)address <= (unsigned long)-4096L &&
	    (syscall_argument_2(regs) & LOAD_PROT_EXEC))
		load_find(bpf_get_attach_cookie(ctx), address);
	return 0;
}

/* mprotect(address, length, prot), pkey_mprotect */
static __always_inline int load_protected(void *ctx, long result)
{
	struct pt_regs *regs = syscall_registers(bpf_get_current_task_btf());

	if (result == 0 && (syscall_argument_2(regs) & LOAD_PROT_EXEC))
		load_find(bpf_get_attach_cookie(ctx), syscall_argument_0(regs));
	return 0;
}

/* Where the kernel has mapped the interpreter of the program; 0 = it has none. */
static __always_inline __u64 load_interpreter(struct mm_struct *mm)
{
	__u64 auxv = (__u64)mm + bpf_core_field_offset(((struct mm_struct___auxv *)mm)->saved_auxv);
	__u64 pair[2];

	for (__u32 n = 0; n < LOAD_AUXV_PAIRS; n++) {
		if (bpf_probe_read_kernel(pair, sizeof(pair), (void *)(auxv + n * sizeof(pair))) || !pair[0])
			return 0;
		if (pair[0] == LOAD_AT_BASE)
			return pair[1];
	}
	return 0;
}

/* execve: the kernel has mapped the program and its interpreter. */
static __always_inline int load_executed(void *ctx)
{
	struct mm_struct *mm = kload(bpf_get_current_task_btf(), mm);
	__u32 hook = bpf_get_attach_cookie(ctx);
	__u64 interpreter;

	if (!mm)
		return 0;
	mm = kcast(mm_struct, mm);
	load_tell(hook, (__u64)kload(mm, exe_file));
	interpreter = load_interpreter(mm);
	if (interpreter)
		load_find(hook, interpreter);
	return 0;
}

#endif
