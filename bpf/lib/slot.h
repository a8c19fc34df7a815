/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the records of processes lie: a table by process number.
 *
 * Task storage alone would do, but costs two allocations, two locks and memory that is cold for
 * each fork (1 to 1.5 us, which was the dearest step of a process); a slot costs the four cache
 * lines that are written in any case. Numbers beyond the table share its slots. A process whose
 * slot is taken has its record beside it (lib/process.h), so the table bounds nothing.
 */
#ifndef SECD_LIB_SLOT_H
#define SECD_LIB_SLOT_H

#include "../kernel/access.h"
#include "../abi/process.h"

/* Half of the numbers that a small machine gives (pid_max 32768): 4 MiB. A power of two. */
#define SECD_PROCESS_SLOTS 16384

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SECD_PROCESS_SLOTS);
	__type(key, __u32);
	__type(value, struct secd_process);
} secd_process_slots SEC(".maps");

/* Time in `secd_process.exited`: 2^30 ns are about a second, and 0 is nobody's. */
static __always_inline __u32 slot_time(__u64 time_ns)
{
	return (__u32)(time_ns >> 30) + 1;
}

/*
 * How long the slot of an ended process stays its own: after its exit record it still closes its
 * files, and what it closes is told with its name. Its own number is given again only when it is
 * gone; this is for others that share its slot.
 */
#define SECD_SLOT_REST 2

/* The slot of a process, or NULL where another has it. */
static __always_inline struct secd_process *slot_of(__u32 pid)
{
	__u32 index = pid & (SECD_PROCESS_SLOTS - 1);
	struct secd_process *process = bpf_map_lookup_elem(&secd_process_slots, &index);

	return process && process->image.pid == pid ? process : NULL;
}

/*
 * The slot for a process that began at `start_ns`: as it is if it has it already, else empty but
 * for its identity. NULL where another process has it.
 */
static __always_inline struct secd_process *slot_claim(__u32 pid, __u64 start_ns)
{
	__u32 index = pid & (SECD_PROCESS_SLOTS - 1), owner;
	struct secd_process *process = bpf_map_lookup_elem(&secd_process_slots, &index);

	if (!process)
		return NULL;
	owner = process->image.pid;
	if (owner == pid) {
		if (process->process_start_ns == start_ns)
			return process;
	} else if (owner && (!process->exited ||
			     (__s32)(slot_time(start_ns) - process->exited) < SECD_SLOT_REST)) {
		return NULL;
	}
	if (__sync_val_compare_and_swap(&process->image.pid, owner, pid) != owner)
		return NULL;
	process->image.start_ns = 0;
	__builtin_memset((__u8 *)process + sizeof(process->image), 0,
			 sizeof(*process) - sizeof(process->image));
	process->process_start_ns = start_ns;
	return process;
}

#endif
