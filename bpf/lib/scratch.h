/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory in which a record is built before one bpf_ringbuf_output copies it out: exact in size, and
 * free of verifier size classes. A record whose size is known before is cheaper made in its ring
 * (record_reserve in lib/emit.h).
 *
 * Tracepoints run with preemption off, but an interrupt may bring another tracepoint, and on
 * stock kernels LSM, fentry and kprobe programs are preemptible. So a buffer is claimed by
 * compare-and-swap and given back, SECD_SCRATCH_BUFFERS of them a CPU: task, softirq, hardirq.
 */
#ifndef SECD_LIB_SCRATCH_H
#define SECD_LIB_SCRATCH_H

#include "../kernel/access.h"
#include "../abi/process.h"
#include "counters.h"
#include "words.h"

#define SECD_SCRATCH_BUFFERS 3
/* One record: the largest head (392), two paths, filename, interp, inline argv; a power of two
 * so that offsets can be masked. */
#define SECD_SCRATCH_RECORD  16384
/* Strings may start up to here, so that a whole PATH_MAX still fits behind. */
#define SECD_SCRATCH_LAST_START (SECD_SCRATCH_RECORD - SECD_PATH_MAX)

/*
 * A path grows to the front from where `record` begins, so that what a short record uses lies in
 * one or two pages: a page that was not touched lately costs more than what is done there.
 */
struct secd_scratch {
	__u8  before_path[SECD_SHORT_NAME];
	/* Slack on both sides keeps offsets masked. */
	__u8  path[SECD_PATH_MAX + 256];
	__u32 busy;
	__u32 reserved;
	__u8  record[SECD_SCRATCH_RECORD];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SECD_SCRATCH_BUFFERS);
	__type(key, __u32);
	__type(value, struct secd_scratch);
} secd_scratch SEC(".maps");

static __always_inline struct secd_scratch *scratch_claim(void)
{
	struct secd_scratch *scratch;
	__u32 index;

#pragma unroll
	for (index = 0; index < SECD_SCRATCH_BUFFERS; index++) {
		__u32 key = index;

		scratch = bpf_map_lookup_elem(&secd_scratch, &key);
		if (scratch && __sync_val_compare_and_swap(&scratch->busy, 0, 1) == 0)
			return scratch;
	}
	count(SECD_COUNTER_SCRATCH_BUSY);
	return NULL;
}

static __always_inline void scratch_release(struct secd_scratch *scratch)
{
	__sync_lock_test_and_set(&scratch->busy, 0);
}

/* Copies kernel bytes behind the record so far; returns the new end, unchanged on failure. */
static __always_inline __u32 scratch_append(struct secd_scratch *scratch, __u32 end,
					    const void *source, __u32 length)
{
	if (end > SECD_SCRATCH_LAST_START || length == 0 || length > SECD_PATH_MAX)
		return end;
	if (bpf_probe_read_kernel(scratch->record + end, length, source))
		return end;
	return end + length;
}

/* The same for a NUL-terminated kernel string; the terminator is not kept. */
static __always_inline __u32 scratch_append_string(struct secd_scratch *scratch, __u32 end,
						   const void *source)
{
	long length;

	if (end > SECD_SCRATCH_LAST_START)
		return end;
	length = bpf_probe_read_kernel_str(scratch->record + end, SECD_PATH_MAX, source);
	if (length <= 1 || length > SECD_PATH_MAX)
		return end;
	return end + length - 1;
}

#endif
