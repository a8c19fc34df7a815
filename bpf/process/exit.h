/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exit: every ended thread adds what it used, the last one sends the record. */
#ifndef SECD_PROCESS_EXIT_H
#define SECD_PROCESS_EXIT_H

#include "../lib/emit.h"
#include "../lib/process.h"

/* SIGNAL_GROUP_EXIT, include/linux/sched/signal.h. */
#define SECD_SIGNAL_GROUP_EXIT 0x00000004
#define SECD_PAGE_SIZE 4096

/* MM_FILEPAGES, MM_ANONPAGES and MM_SHMEMPAGES of enum mm_rss_stat; 2 is swap, not resident. */
#define SECD_RSS_FILE  0
#define SECD_RSS_ANON  1
#define SECD_RSS_SHMEM 3

/* One counter. Its stride is the kernel's: struct percpu_counter differs by configuration. */
static __always_inline __u64 rss_counter(struct mm_struct *mm, __u32 member)
{
	const struct mm_struct___before62 *before62 = (const void *)mm;
	__s64 value = 0;

	if (bpf_core_field_exists(before62->rss_stat.count))
		bpf_probe_read_kernel(&value, sizeof(value),
				      (void *)mm + bpf_core_field_offset(before62->rss_stat.count) +
					      member * sizeof(value));
	else
		bpf_probe_read_kernel(&value, sizeof(value),
				      (void *)mm + bpf_core_field_offset(mm->rss_stat) +
					      member * bpf_core_type_size(struct percpu_counter) +
					      bpf_core_field_offset(struct percpu_counter, count));
	return value > 0 ? value : 0;
}

/* Pages now resident; a percpu_counter may lag by its batch, as /proc/PID/status does. */
static __always_inline __u64 resident_pages(struct mm_struct *mm)
{
	return rss_counter(mm, SECD_RSS_FILE) + rss_counter(mm, SECD_RSS_ANON) +
	       rss_counter(mm, SECD_RSS_SHMEM);
}

static __always_inline void exit_memory(struct secd_exit *exit, struct secd_process *process,
					struct task_struct *task)
{
	struct signal_struct *signal = kload(task, signal);
	struct mm_struct *mm = kload(task, mm);
	__u64 peak = kload(signal, maxrss), image = 0;

	if (mm) { /* since 6.16 the tracepoint comes before the memory goes */
		__u64 hiwater = kload(mm, hiwater_rss);
		__u64 resident = resident_pages(mm);

		image = hiwater > resident ? hiwater : resident;
		exit->flags |= SECD_EXIT_IMAGE_RSS_KNOWN;
	} else if (peak > process->maxrss_at_exec) {
		/* The peak grew after the exec, so it is this image's. */
		image = peak;
		exit->flags |= SECD_EXIT_IMAGE_RSS_KNOWN;
	}
	if (image > peak)
		peak = image;
	exit->image_rss_bytes = image * SECD_PAGE_SIZE;
	exit->process_rss_bytes = peak * SECD_PAGE_SIZE;
}

/* `group_dead`: 1 or 0 from the kernel (6.16+), -1 where it does not say. */
static __always_inline int thread_exited(struct task_struct *task, int group_dead)
{
	struct secd_process *process = process_of(task);
	struct task_struct *leader = task->group_leader;
	struct signal_struct *signal;
	struct secd_exit exit = {};

	if (!process)
		return 0; /* out of scope, or seen by nobody: it has no exec either */
	signal = kload(task, signal);
	/* Threads of one process end on several CPUs at once. */
	__sync_fetch_and_add(&process->dead.cpu_ns, kload(task, se.sum_exec_runtime));
	if (bpf_core_field_exists(task->ioac.rchar)) {
		__sync_fetch_and_add(&process->dead.read_chars, kload(task, ioac.rchar));
		__sync_fetch_and_add(&process->dead.write_chars, kload(task, ioac.wchar));
		__sync_fetch_and_add(&process->dead.read_bytes, kload(task, ioac.read_bytes));
		__sync_fetch_and_add(&process->dead.write_bytes, kload(task, ioac.write_bytes));
	}
	__sync_fetch_and_add(&process->threads_ended, 1);
	if (group_dead < 0)
		group_dead = kload(signal, live.counter) == 0;
	if (!group_dead)
		return 0;
	/* Before 6.16 two last threads may both read live == 0: one of them wins. */
	if (__sync_val_compare_and_swap(&process->exited, 0, 1) != 0)
		return 0;

	exit.image = process->image;
	exit.parent = process->parent;
	exit.since_fork = process->dead;
	usage_subtract(&exit.since_exec, &exit.since_fork, &process->at_exec);
	exit.process_start_ns = process->process_start_ns;
	exit_memory(&exit, process, task);
	exit.status = kload(signal, flags) & SECD_SIGNAL_GROUP_EXIT ?
			      kload(signal, group_exit_code) :
			      kload(leader, exit_code);
	exit.tid = kload(task, pid);
	exit.threads = process->threads_ended;
	emit(&exit.head, sizeof(exit), SECD_KIND_EXIT, SECD_RING_LIFECYCLE,
	     bpf_ktime_get_boot_ns());
	return 0;
}

#endif
