/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a process had when its image began: namespaces and capabilities at exec, those of its parent's image
 * at fork. Kept only while a generation asks what has changed.
 */
#ifndef SECD_TRACE_ORIGIN_H
#define SECD_TRACE_ORIGIN_H

#include "../lib/credentials.h"
#include "../lib/namespaces.h"
#include "tables.h"
#include "../lib/counters.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct secd_policy_origin);
} secd_policy_origins SEC(".maps");

static __always_inline void origin_read(struct secd_policy_origin *origin, struct task_struct *task)
{
	const struct cred *cred = kload(task, cred);
	__u32 pid;

	namespaces_read(&origin->namespaces, task, cred, &pid);
	origin->effective = cred_caps(cred, cap_effective);
	origin->inheritable = cred_caps(cred, cap_inheritable);
	origin->permitted = cred_caps(cred, cap_permitted);
}

static __always_inline struct secd_policy_origin *origin_make(struct task_struct *leader)
{
	struct secd_policy_origin *origin = bpf_task_storage_get(&secd_policy_origins, leader, NULL,
								 BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!origin)
		count(SECD_COUNTER_STORAGE_FULL);
	return origin;
}

/* A process begins an image; the one who called execve leads it by now. */
static __always_inline int origin_of_exec(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_origin now = {}, *origin = origin_make(task->group_leader);

	if (!origin)
		return 0;
	origin_read(&now, task);
	now.is_known = 1;
	*origin = now;
	return 0;
}

/* A process begins: its image is its parent's. */
static __always_inline int origin_of_fork(struct task_struct *child)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_origin *parent, *origin;

	if (kload(child, pid) != kload(child, tgid))
		return 0;
	parent = bpf_task_storage_get(&secd_policy_origins, task->group_leader, NULL, 0);
	if (!parent || !parent->is_known)
		return 0;
	origin = origin_make(child);
	if (origin)
		*origin = *parent;
	return 0;
}

/* Namespaces that are other ones now, by position in struct secd_namespaces. */
static __always_inline __u64 origin_namespaces(const struct secd_policy_origin *origin,
					       const struct secd_policy_origin *now)
{
	const __u32 *before = (const __u32 *)&origin->namespaces;
	const __u32 *after = (const __u32 *)&now->namespaces;
	__u64 changed = 0;

#pragma unroll
	for (__u32 kind = 0; kind < sizeof(struct secd_namespaces) / sizeof(__u32); kind++)
		changed |= (__u64)(before[kind] != after[kind]) << kind;
	return changed;
}

/* What has changed since then, as bits (SECD_POLICY_FACT_*_CHANGED); false where that is not known. `now` is
 * room: of stack there may be too little. */
static __always_inline bool origin_changes(struct task_struct *task, __u32 fact,
					   struct secd_policy_origin *now, __u64 *bits)
{
	struct secd_policy_origin *origin;

	origin = bpf_task_storage_get(&secd_policy_origins, task->group_leader, NULL, 0);
	if (!origin || !origin->is_known || !kload(task, nsproxy))
		return false;
	origin_read(now, task);
	if (fact == SECD_POLICY_FACT_NAMESPACES_CHANGED)
		*bits = origin_namespaces(origin, now);
	else if (fact == SECD_POLICY_FACT_EFFECTIVE_CHANGED)
		*bits = origin->effective ^ now->effective;
	else if (fact == SECD_POLICY_FACT_INHERITABLE_CHANGED)
		*bits = origin->inheritable ^ now->inheritable;
	else
		*bits = origin->permitted ^ now->permitted;
	return true;
}

#endif
