/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between permission check and return. The kernel's security_* functions know which file it is,
 * and run before anything happens; the end of the system call knows what became of it. A record
 * of a watched file waits here in between, under the thread's number.
 */
#ifndef SECD_FILE_PENDING_H
#define SECD_FILE_PENDING_H

#include "change.h"

/* Threads that change watched files at the same instant. */
#define SECD_FILE_PENDING_MAX 1024
#define SECD_FILE_PENDING_SIZE (sizeof(struct secd_file) + 2 * SECD_PATH_MAX)
#define SECD_FILE_PENDING_MASK 16383

/* include/linux/sched.h, arch/x86/include/asm/thread_info.h, syscall_64.tbl */
#define SECD_PF_IO_WORKER 0x10
#define SECD_TS_COMPAT    2
#define SECD_NR_IO_URING_ENTER 426

struct file_pending {
	__u8 record[SECD_FILE_PENDING_SIZE]; /* head.size says how much of it */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SECD_FILE_PENDING_MAX);
	__type(key, __u64);
	__type(value, struct file_pending);
} secd_file_pending SEC(".maps");

/* Who tells the end of what a permission check has just allowed or refused. */
enum ending {
	ENDING_ELSEWHERE,  /* the kernel's own doing, or a call that is no change of a file */
	ENDING_BY_CALL,    /* the tracepoint of the call that runs */
	ENDING_UNSEEN,     /* nobody: io_uring and 32-bit programs have no such tracepoint */
};

static __always_inline enum ending ending_of(struct task_struct *task, bool opening)
{
	struct change change = {};
	struct pt_regs *regs;
	int nr;

	if (kload(task, flags) & SECD_PF_IO_WORKER)
		return ENDING_UNSEEN;
	if (kload(task, flags) & SECD_PF_KTHREAD)
		return ENDING_ELSEWHERE;
	if (kload(task, thread_info.status) & SECD_TS_COMPAT)
		return ENDING_UNSEEN;
	regs = syscall_registers(task);
	nr = kload(regs, orig_ax);
	if (nr == SECD_NR_IO_URING_ENTER)
		return ENDING_UNSEEN;
	if (opening)
		return opens(nr) ? ENDING_BY_CALL : ENDING_ELSEWHERE;
	if (nr == SECD_NR_FCHMOD || nr == SECD_NR_FCHOWN || change_read(&change, regs, nr))
		return ENDING_BY_CALL;
	return ENDING_ELSEWHERE;
}

/* Keeps the record that ends at `end`, or sends it at once where nobody comes back for it. */
static __always_inline void pending_keep(struct secd_scratch *scratch, __u32 end,
					 struct task_struct *task, const struct file_event *event,
					 enum ending ending)
{
	struct secd_file *file = file_of(scratch);
	__u64 thread = bpf_get_current_pid_tgid();

	file_fill(file, task, event, SECD_FILE_SOURCE_KERNEL);
	file->head.size = end;
	if (ending == ENDING_BY_CALL) {
		if (!bpf_map_update_elem(&secd_file_pending, &thread, scratch->record, BPF_ANY))
			return;
		count(SECD_COUNTER_MAP_FULL); /* told all the same, without what became of it */
	}
	if (end <= SECD_SCRATCH_RECORD)
		file_emit(file, end);
}

static __always_inline struct secd_file *pending_record(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&secd_file_pending, &thread);
}

/* Sends what waited, and forgets it. */
static __always_inline void pending_end(struct secd_file *file)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 end = file->head.size;

	bounded(end, SECD_FILE_PENDING_MASK);
	if (end <= SECD_FILE_PENDING_SIZE) /* always; tells the verifier */
		file_emit(file, end);
	bpf_map_delete_elem(&secd_file_pending, &thread);
}

/* An open returns. Without a pending record nothing is to be told, or it failed before. */
static __always_inline int open_returned(int nr, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = syscall_registers(task);
	struct file_event event = { .operation = SECD_FILE_OPEN_WRITE, .result = result };
	struct secd_file *file = pending_record();

	if (!file && result >= 0)
		return 0;
	event.flags = open_flags(regs, nr);
	if (!file) {
		opened_by_string(task, regs, nr, &event);
		return 0;
	}
	file->flags = event.flags;
	file->result = result;
	pending_end(file);
	return 0;
}

static __always_inline void change_ended(struct secd_file *file, const struct file_event *event)
{
	file->operation = event->operation;
	file->flags = event->flags;
	file->mode = event->mode;
	file->uid = event->uid;
	file->gid = event->gid;
	file->result = event->result;
	pending_end(file);
}

/* The same for names and attributes. */
static __always_inline int change_returned(int nr, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_file *file = pending_record();
	struct change change = {};

	if (!file && (result >= 0 || !actor_watched(task)))
		return 0;
	if (!change_read(&change, syscall_registers(task), nr))
		return 0;
	change.event.result = result;
	if (file)
		change_ended(file, &change.event);
	else
		changed_by_string(task, &change);
	return 0;
}

/* fchmod, fchown */
static __always_inline int descriptor_change_returned(int nr, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file_event event = { .result = result };
	struct secd_file *file = pending_record();

	if (!file)
		return result < 0 ? changed_by_descriptor(nr, result) : 0;
	descriptor_change_read(&event, syscall_registers(task), nr);
	change_ended(file, &event);
	return 0;
}

#endif
