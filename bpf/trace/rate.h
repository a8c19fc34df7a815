/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rate limits: one record of a key and interval. The key is the rule, the thread or process, and all values
 * that the event shows, whole. What is held back is counted exactly by rule (secd_policy_counters); the
 * number in a record is that of its key, as long as the key was remembered.
 */
#ifndef SECD_TRACE_RATE_H
#define SECD_TRACE_RATE_H

#include "show.h"

struct rate_key {
	__u64 values[2];          /* hash of what the event shows */
	__u32 scope;              /* thread or process; 0 = all */
	__u32 counter;            /* the rule, by its lasting number */
};

struct rate_state {
	__u64 sent_ns;
	__u64 held_back;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct rate_key);
	__type(value, struct rate_state);
} secd_policy_rates SEC(".maps");

static long rate_step(__u32 index, struct show_walk *walk)
{
	struct policy_work *work = walk->work;
	struct secd_policy_value *value;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	if (!(work->shown >> index & 1))
		return 0;
	value = &work->values[index];
	policy_hash(work, value->offset, value->length, index);
	work->sum.lane[0] = hash_mix(work->sum.lane[0] + work->key.hash[0]);
	work->sum.lane[1] = hash_mix(work->sum.lane[1] + work->key.hash[1] + value->number + value->state);
	return 0;
}

/* Hashes all values that events of the hook show, into work->sum. */
__noinline int policy_hash_values(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct show_walk walk = { .work = work, .hook = hook };

	if (!work || !hook)
		return 0;
	hash_begin(&work->sum);
	bpf_loop(hook->columns, rate_step, &walk, 0);
	return 0;
}

/* Whether a record of the rule may go; else it is counted. */
static __always_inline bool rate_passes(struct policy_work *work, const struct secd_policy_rule *rule)
{
	struct rate_key key = { .counter = rule->counter };
	struct rate_state *state, fresh = {};
	__u64 now = bpf_ktime_get_boot_ns(), thread = bpf_get_current_pid_tgid();

	key.values[0] = work->sum.lane[0];
	key.values[1] = work->sum.lane[1];
	if ((rule->rate_scope & SECD_POLICY_SCOPE_MASK) == SECD_POLICY_SCOPE_THREAD)
		key.scope = thread;
	else if ((rule->rate_scope & SECD_POLICY_SCOPE_MASK) == SECD_POLICY_SCOPE_PROCESS)
		key.scope = thread >> 32;
	state = bpf_map_lookup_elem(&secd_policy_rates, &key);
	if (!state) {
		fresh.sent_ns = now;
		bpf_map_update_elem(&secd_policy_rates, &key, &fresh, BPF_ANY);
		return true;
	}
	if (now - state->sent_ns < rule->rate_ns) {
		__sync_fetch_and_add(&state->held_back, 1);
		return false;
	}
	state->sent_ns = now;
	work->held_back += __sync_lock_test_and_set(&state->held_back, 0);
	return true;
}

#endif
