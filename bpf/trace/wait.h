/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls whose record waits for their return (SECD_POLICY_HOOK_WAITS): what matched, with the values, is kept
 * by thread and hook. Where the tables of the call's generation are gone when it returns, the call is judged
 * anew, by the generation of that moment and with the arguments that were kept.
 */
#ifndef SECD_TRACE_WAIT_H
#define SECD_TRACE_WAIT_H

#include "record.h"

#define POLICY_KEPT_FROM  __builtin_offsetof(struct policy_work, generation)
#define POLICY_KEPT_BYTES (__builtin_offsetof(struct policy_work, bits) - POLICY_KEPT_FROM)
/* Bytes of values that are kept; a call with more is told when it is made. */
#define POLICY_KEPT_TEXT 4096

struct waiting_call {
	__u8  work[POLICY_KEPT_BYTES];
	__u8  bytes[POLICY_KEPT_TEXT];
};
_Static_assert(sizeof(struct waiting_call) <= sizeof(struct policy_work) - POLICY_KEPT_FROM,
	       "a new element is filled from there, and its end overwritten");

/* An entry is 8 KiB, and is there only while a call that matched runs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct secd_policy_waiting_key);
	__type(value, struct waiting_call);
} secd_policy_waiting SEC(".maps");

static __always_inline void waiting_key_of(struct secd_policy_waiting_key *key, __u32 hook, __u32 frame)
{
	key->task = (__u64)bpf_get_current_task();
	key->hook = hook;
	key->frame = frame;
}

/* Keeps a call that matched; false where there is no room. */
__noinline int policy_keep(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct policy_work *again;
	struct waiting_call *waiting;
	struct secd_policy_waiting_key key;
	__u32 length, buffer;

	if (!work || !hook)
		return 0;
	policy_show(work, hook);
	work->call_ns = bpf_ktime_get_boot_ns();
	length = work->end - POLICY_BYTES;
	barrier_var(length);
	if (length > POLICY_KEPT_TEXT)
		return 0;
	waiting_key_of(&key, work->hook, work->frame);
	/* 6.1 takes no value from memory that was passed on. */
	buffer = work->buffer;
	again = bpf_map_lookup_elem(&secd_policy_work, &buffer);
	if (!again || bpf_map_update_elem(&secd_policy_waiting, &key, &again->generation, BPF_ANY))
		return 0;
	waiting = bpf_map_lookup_elem(&secd_policy_waiting, &key);
	if (!waiting)
		return 0;
	bpf_probe_read_kernel(waiting->bytes, length, work->scratch.record + POLICY_BYTES);
	return 1;
}

/* Puts a kept call back into the work; false where none waits. */
__noinline int policy_resume(struct policy_work *work)
{
	struct waiting_call *waiting;
	struct secd_policy_waiting_key key;
	__u32 length;

	if (!work)
		return 0;
	waiting_key_of(&key, work->hook, work->frame);
	waiting = bpf_map_lookup_elem(&secd_policy_waiting, &key);
	if (!waiting)
		return 0;
	bpf_probe_read_kernel(&work->generation, POLICY_KEPT_BYTES, waiting->work);
	length = work->end - POLICY_BYTES;
	barrier_var(length);
	if (length <= POLICY_KEPT_TEXT)
		bpf_probe_read_kernel(work->scratch.record + POLICY_BYTES, length, waiting->bytes);
	bpf_map_delete_elem(&secd_policy_waiting, &key);
	/* Left by a thread that ended in its call, whose task stood at the same address. */
	return work->call_ns >= kload(bpf_get_current_task_btf(), start_boottime);
}

#endif
