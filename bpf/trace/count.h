/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Count: calls are counted by key instead of being told one by one. The key is the rule and some of the
 * values that its events show. There are two maps: programs count in the one that the epoch names; user space
 * changes the epoch, waits for programs that still use the other one, and takes everything out of that.
 */
#ifndef SECD_TRACE_COUNT_H
#define SECD_TRACE_COUNT_H

#include "rate.h"

/* Keys of one epoch; calls of further ones are counted by rule alone (secd_policy_counter.uncounted). */
#define POLICY_COUNTED_KEYS 16384
/* Of an endpoint: what follows are its state and its cookie, which differ for each socket. */
#define POLICY_COUNTED_ENDPOINT 42

struct policy_counts {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POLICY_COUNTED_KEYS);
	__type(key, struct secd_policy_count_key);
	__type(value, __u64);
};
struct policy_counts secd_policy_counts_0 SEC(".maps");
struct policy_counts secd_policy_counts_1 SEC(".maps");

/* Hashes the values of some columns, into work->sum. */
static __always_inline void count_hash(struct policy_work *work, __u32 columns)
{
	struct secd_policy_value *value;
	__u32 length;

	hash_begin(&work->sum);
	for (__u32 n = 0; n < SECD_POLICY_COLUMNS_MAX; n++) {
		if (!(columns >> n & 1) || !(work->shown >> n & 1))
			continue;
		value = &work->values[n];
		length = value->length;
		if (value->kind == SECD_POLICY_VALUE_ENDPOINT && length > POLICY_COUNTED_ENDPOINT)
			length = POLICY_COUNTED_ENDPOINT;
		policy_hash(work, value->offset, length, n);
		work->sum.lane[0] = hash_mix(work->sum.lane[0] + work->key.hash[0]);
		work->sum.lane[1] =
			hash_mix(work->sum.lane[1] + work->key.hash[1] + value->number + value->state);
	}
}

/* One more in a map: 1 where the key is new there, 0 where it was known, negative where there is no room. */
static __always_inline int count_in(void *counts, struct secd_policy_count_key *key)
{
	__u64 one = 1, *count = bpf_map_lookup_elem(counts, key);
	long error;

	if (!count) {
		error = bpf_map_update_elem(counts, key, &one, BPF_NOEXIST);
		if (!error)
			return 1;
		/* Another CPU was quicker, or it is full. */
		count = bpf_map_lookup_elem(counts, key);
		if (!count)
			return -1;
	}
	__sync_fetch_and_add(count, 1);
	return 0;
}

/*
 * Counts a call for a rule; true where its key is new in this epoch, and is to be told for its values. Called
 * by the step over the rules itself: below policy_act the stack of 6.1 would not do.
 */
__noinline int policy_count(struct policy_work *work, __u32 columns, __u32 counter)
{
	struct secd_policy_count_key key = { .counter = counter };
	struct secd_policy_control *control;
	struct secd_policy_counter *rule;
	__u32 zero = 0;
	int result;

	control = bpf_map_lookup_elem(&secd_policy_control, &zero);
	if (!work || !control)
		return 0;
	/* That of the rate limits of this event. */
	work->limit_sum = work->sum;
	count_hash(work, columns);
	key.values[0] = work->sum.lane[0];
	key.values[1] = work->sum.lane[1];
	work->sum = work->limit_sum;
	if (*(volatile __u32 *)&control->epoch & 1)
		result = count_in(&secd_policy_counts_1, &key);
	else
		result = count_in(&secd_policy_counts_0, &key);
	if (result >= 0)
		return result;
	count(SECD_COUNTER_MAP_FULL);
	rule = bpf_map_lookup_elem(&secd_policy_counters, &counter);
	if (rule)
		rule->uncounted++;
	return 0;
}

#endif
