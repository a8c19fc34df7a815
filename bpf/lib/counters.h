/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Failures inside programs, by place (SECD_COUNTER_*). Nothing is dropped without one. */
#ifndef SECD_LIB_COUNTERS_H
#define SECD_LIB_COUNTERS_H

#include "../kernel/access.h"
#include "../abi/record.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SECD_COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} secd_counters SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&secd_counters, &counter);

	if (value)
		__sync_fetch_and_add(value, 1);
}

#endif
