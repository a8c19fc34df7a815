/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Strings and buffers of programs and of the kernel → text. */
#ifndef SECD_TRACE_TEXT_H
#define SECD_TRACE_TEXT_H

#include "work.h"

/* Where a value's bytes are, or NULL. Masked, too: clang may take `at` from the stack again, and older
 * verifiers know no bound of it there. */
static __always_inline void *value_bytes(struct policy_work *work, __u32 at)
{
	if (at > POLICY_LAST_TEXT)
		return NULL;
	bounded(at, POLICY_TEXT_MASK);
	return work->scratch.record + at;
}

/* Books the bytes of a value; the next begins at a multiple of 8. */
static __always_inline void column_close(struct policy_work *work, struct secd_policy_value *value,
					 __u32 at, __u32 length)
{
	__u32 end = at + length;

	value->offset = at;
	value->length = length;
	work->end = (end + 7) & ~7U;
}

static __always_inline __u32 text_read_string(struct policy_work *work, struct secd_policy_value *value,
					      __u64 address, __u32 capacity, bool user)
{
	__u32 at = work->end, state = SECD_POLICY_VALUE_PRESENT;
	void *bytes = value_bytes(work, at);
	char next = 0;
	long length;

	/* Else clang joins the tests of the bound with others, and older verifiers lose it. */
	barrier_var(capacity);
	if (!bytes || capacity > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	barrier_var(capacity);
	if (capacity == 0)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (user)
		length = bpf_probe_read_user_str(bytes, capacity, (void *)address);
	else
		length = bpf_probe_read_kernel_str(bytes, capacity, (void *)address);
	if (length < 0 || length > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (length == capacity) { /* full: perhaps to the byte */
		address += length - 1;
		if (user)
			bpf_probe_read_user(&next, 1, (void *)address);
		else
			bpf_probe_read_kernel(&next, 1, (void *)address);
		if (next)
			state = SECD_POLICY_VALUE_TRUNCATED;
	}
	column_close(work, value, at, length ? length - 1 : 0);
	return state;
}

static __always_inline __u32 text_read_buffer(struct policy_work *work, struct secd_policy_value *value,
					      __u64 address, __u64 length, __u32 capacity, bool user)
{
	__u32 at = work->end, state = SECD_POLICY_VALUE_PRESENT;
	void *bytes = value_bytes(work, at);
	__u64 kept = length;
	long failed = 0;

	if (!bytes || capacity > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (length > capacity) {
		kept = capacity;
		state = SECD_POLICY_VALUE_TRUNCATED;
	}
	/* For the verifier; clang knows it. In one step: 6.1 forgets what a spilled value is compared to. */
	asm volatile("if %[kept] <= %[most] goto +1\n\t%[kept] = %[most]"
		     : [kept] "+r"(kept)
		     : [most] "i"(SECD_PATH_MAX));
	if (kept && user)
		failed = bpf_probe_read_user(bytes, kept, (void *)address);
	else if (kept)
		failed = bpf_probe_read_kernel(bytes, kept, (void *)address);
	if (failed)
		return SECD_POLICY_VALUE_UNREADABLE;
	column_close(work, value, at, kept);
	return state;
}

#endif
