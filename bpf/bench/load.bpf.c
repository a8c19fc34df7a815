// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A load generator for benchmarks and overload tests; never part of a running daemon.
 *
 * hook                                   what it does
 * tracepoint/syscalls/sys_enter_getppid  one record of 256 bytes on the observation ring
 */
#include "../kernel/access.h"
#include "../lib/emit.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The size that the bars speak of. */
#define LOAD_BYTES 256

/* Threads of this process produce; 0 = none. */
const volatile __u32 secd_load_pid = 0;

struct load_record {
	struct secd_record head;
	__u8 payload[LOAD_BYTES - sizeof(struct secd_record)];
};

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_load(struct trace_event_raw_sys_enter *ctx)
{
	struct load_record record = {};

	if (bpf_get_current_pid_tgid() >> 32 != secd_load_pid)
		return 0;
	emit(&record.head, sizeof(record), SECD_KIND_TEST, SECD_RING_OBSERVATION,
	     bpf_ktime_get_boot_ns());
	return 0;
}
