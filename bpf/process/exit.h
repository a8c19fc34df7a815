/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exit: every ended thread adds what it used, the last one sends the record. */
#ifndef SECD_PROCESS_EXIT_H
#define SECD_PROCESS_EXIT_H

#include "../lib/emit.h"
#include "../lib/process.h"
#include "../lib/scope.h"

/* SIGNAL_GROUP_EXIT, include/linux/sched/signal.h. */
#define SECD_SIGNAL_GROUP_EXIT 0x00000004
#define SECD_PAGE_SIZE         4096

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
		value = kload(kcast(percpu_counter,
				    (void *)mm + bpf_core_field_offset(mm->rss_stat) +
					    member * bpf_core_type_size(struct percpu_counter)),
			      count);
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
	__u64 peak = pload(signal, maxrss), image = 0;

	if (mm) { /* since 6.16 the tracepoint comes before the memory goes */
		__u64 hiwater = pload(mm, hiwater_rss);
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

/* Adds what an ending thread used to its process. Threads end on several CPUs at once. */
static __always_inline void usage_collect(struct secd_process *process, struct task_struct *task,
					  bool alone)
{
	struct secd_usage used = {};

	usage_add_thread(&used, task);
	if (alone) {
		process->dead.cpu_ns += used.cpu_ns;
		process->dead.read_chars += used.read_chars;
		process->dead.write_chars += used.write_chars;
		process->dead.read_bytes += used.read_bytes;
		process->dead.write_bytes += used.write_bytes;
		process->threads_ended++;
		return;
	}
	__sync_fetch_and_add(&process->dead.cpu_ns, used.cpu_ns);
	/* Most threads read and write nothing, and a locked addition is the dearest instruction here. */
	if (used.read_chars | used.write_chars) {
		__sync_fetch_and_add(&process->dead.read_chars, used.read_chars);
		__sync_fetch_and_add(&process->dead.write_chars, used.write_chars);
	}
	if (used.read_bytes | used.write_bytes) {
		__sync_fetch_and_add(&process->dead.read_bytes, used.read_bytes);
		__sync_fetch_and_add(&process->dead.write_bytes, used.write_bytes);
	}
	__sync_fetch_and_add(&process->threads_ended, 1);
}

/*
 * Whether this was the last thread. The kernel counts a thread out (`live`) before it comes here,
 * so of two that end at once both may find the count at 0: the process ends with the one that
 * comes last, which is where all that were started have been. Where nobody counted the starts
 * (processes older than the programs) the first to come ends it, once.
 */
static __always_inline bool process_ends(struct secd_process *process, struct signal_struct *signal,
					 __u64 *now)
{
	if (pload(signal, live.counter) != 0)
		return false;
	if (process->threads_ended < process->threads_started)
		return false;
	*now = bpf_ktime_get_boot_ns();
	return __sync_val_compare_and_swap(&process->exited, 0, slot_time(*now)) == 0;
}

static __always_inline void exit_describe(struct secd_exit *exit, struct secd_process *process,
					  struct task_struct *task)
{
	struct task_struct *leader = kload(task, group_leader);
	struct signal_struct *signal = kload(task, signal);

	exit->flags = 0;
	exit->image = process->image;
	exit->parent = process->parent;
	exit->since_fork = process->dead;
	usage_subtract(&exit->since_exec, &exit->since_fork, &process->at_exec);
	exit->process_start_ns = process->process_start_ns;
	exit_memory(exit, process, task);
	if ((process->flags & SECD_IMAGE_OUT_OF_SCOPE) && !task_in_scope(task))
		exit->flags |= SECD_EXIT_OUT_OF_SCOPE;
	exit->status = pload(signal, flags) & SECD_SIGNAL_GROUP_EXIT ?
			       pload(signal, group_exit_code) :
			       kload(leader, exit_code);
	exit->tid = kload(task, pid);
	exit->threads = process->threads_ended;
}

static __always_inline int thread_exited(struct task_struct *task)
{
	struct secd_process *process = process_of(task);
	struct signal_struct *signal;
	struct secd_exit *exit;
	__u64 now;

	if (!process || !process->image.start_ns)
		return 0; /* seen by nobody: it has no exec either */
	signal = kload(task, signal);
	usage_collect(process, task, pload(signal, nr_threads) == 1);
	if (!process_ends(process, signal, &now))
		return 0;
	exit = record_reserve(sizeof(*exit), SECD_KIND_EXIT, SECD_RING_LIFECYCLE, now);
	if (exit) {
		exit_describe(exit, process, task);
		record_submit(&exit->head, SECD_RING_LIFECYCLE);
	}
	process_rest(process, kload(task, tgid));
	return 0;
}

#endif
