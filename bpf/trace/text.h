/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Strings and buffers of programs and of the kernel → text. */
#ifndef SECD_TRACE_TEXT_H
#define SECD_TRACE_TEXT_H

#include "work.h"

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
	char next = 0;
	long length;

	/* Else clang joins the tests of the bound with others, and older verifiers lose it. */
	barrier_var(capacity);
	if (at > POLICY_LAST_TEXT || capacity > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	barrier_var(capacity);
	if (capacity == 0)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (user)
		length = bpf_probe_read_user_str(work->scratch.record + at, capacity, (void *)address);
	else
		length = bpf_probe_read_kernel_str(work->scratch.record + at, capacity, (void *)address);
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
	__u32 at = work->end, state = SECD_POLICY_VALUE_PRESENT, bytes;
	long failed = 0;

	if (at > POLICY_LAST_TEXT || capacity > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	bytes = length;
	if (length > capacity) {
		bytes = capacity;
		state = SECD_POLICY_VALUE_TRUNCATED;
	}
	barrier_var(bytes); /* the bound that follows is for the verifier; clang knows it */
	if (bytes > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (bytes && user)
		failed = bpf_probe_read_user(work->scratch.record + at, bytes, (void *)address);
	else if (bytes)
		failed = bpf_probe_read_kernel(work->scratch.record + at, bytes, (void *)address);
	if (failed)
		return SECD_POLICY_VALUE_UNREADABLE;
	column_close(work, value, at, bytes);
	return state;
}

#endif
