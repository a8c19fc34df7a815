/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of the policy engine and the way into a generation's tables: docs/policy-engine.md. Look-ups
 * in arrays are a few instructions, not calls; that is why pools are arrays of arrays of one size.
 */
#ifndef SECD_TRACE_TABLES_H
#define SECD_TRACE_TABLES_H

#include "../kernel/access.h"
#include "../abi/policy_process.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct secd_policy_control);
} secd_policy_control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SECD_POLICY_CALLS);
	__type(key, __u32);
	__type(value, struct secd_policy_call);
} secd_policy_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SECD_POLICY_PLACES);
	__type(key, __u32);
	__type(value, struct secd_policy_place);
} secd_policy_places SEC(".maps");

/* clang-format off */
/*
 * `name`, and a function `find` to its values by slot and index. Inner maps have sizes, not types,
 * because clang leaves types out that only they name.
 */
#define POLICY_POOL(name, find, value_type, chunks, per_chunk)                                  \
	struct name##_chunk {                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                               \
		__uint(max_entries, per_chunk);                                                 \
		__uint(key_size, sizeof(__u32));                                                \
		__uint(value_size, sizeof(value_type));                                         \
	};                                                                                      \
	struct {                                                                                \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                       \
		__uint(max_entries, SECD_POLICY_SLOTS * (chunks));                              \
		__type(key, __u32);                                                             \
		__array(values, struct name##_chunk);                                           \
	} name SEC(".maps");                                                                    \
	static __always_inline value_type *find(__u32 slot, __u32 index)                        \
	{                                                                                       \
		__u32 outer = slot * (chunks) + index / (per_chunk) % (chunks);                 \
		__u32 inner = index % (per_chunk);                                              \
		void *chunk = bpf_map_lookup_elem(&name, &outer);                               \
                                                                                                \
		return chunk ? bpf_map_lookup_elem(chunk, &inner) : NULL;                       \
	}

/* clang-format on */

POLICY_POOL(secd_policy_hooks, policy_hook, struct secd_policy_hook, SECD_POLICY_HOOK_CHUNKS, 1)
POLICY_POOL(secd_policy_rows, policy_row, struct secd_policy_row, SECD_POLICY_ROW_CHUNKS,
	    SECD_POLICY_ROWS_PER_CHUNK)
POLICY_POOL(secd_policy_rules, policy_rule, struct secd_policy_rule, SECD_POLICY_RULE_CHUNKS,
	    SECD_POLICY_RULES_PER_CHUNK)
POLICY_POOL(secd_policy_starts, policy_start, struct secd_policy_start, SECD_POLICY_START_CHUNKS,
	    SECD_POLICY_STARTS_PER_CHUNK)
POLICY_POOL(secd_policy_indexes, policy_index, __u32, SECD_POLICY_INDEX_CHUNKS,
	    SECD_POLICY_INDEX_PER_CHUNK)
POLICY_POOL(secd_policy_generations, policy_generation, struct secd_policy_generation, 1, 1)

struct policy_keys {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct secd_policy_key));
	__uint(value_size, sizeof(__u32));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SECD_POLICY_SLOTS);
	__type(key, __u32);
	__array(values, struct policy_keys);
} secd_policy_keys SEC(".maps");

struct policy_trie {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct secd_policy_prefix));
	__uint(value_size, sizeof(__u32));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SECD_POLICY_SLOTS);
	__type(key, __u32);
	__array(values, struct policy_trie);
} secd_policy_tries SEC(".maps");

struct policy_workloads {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(__u32));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SECD_POLICY_SLOTS);
	__type(key, __u32);
	__array(values, struct policy_workloads);
} secd_policy_workloads SEC(".maps");

/* Rules that are counted at once; user space may raise it before it loads the maps. */
#define SECD_POLICY_COUNTERS 8192

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SECD_POLICY_COUNTERS);
	__type(key, __u32);
	__type(value, struct secd_policy_counter);
} secd_policy_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct secd_policy_process);
} secd_policy_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct secd_policy_ancestry);
} secd_policy_ancestries SEC(".maps");

/* The generation that events are judged by now; 0 = no policy. */
static __always_inline __u32 current_generation(void)
{
	__u32 zero = 0;
	struct secd_policy_control *control = bpf_map_lookup_elem(&secd_policy_control, &zero);

	return control ? *(volatile __u32 *)&control->generation : 0;
}

#endif
