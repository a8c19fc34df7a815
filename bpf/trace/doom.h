/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * KillTree: processes that shall end with all of their descendants. The one that a rule met is killed at
 * once; user space knows its descendants, gives them the mark and kills them. A marked process makes no
 * further system call, and what it was forking meanwhile is marked as well.
 */
#ifndef SECD_TRACE_DOOM_H
#define SECD_TRACE_DOOM_H

#include "../kernel/access.h"
#include "../lib/counters.h"
#include "../lib/scope.h"

/* include/uapi/asm-generic/signal.h */
#define SECD_SIGKILL 9

/* At the group leader; also written by user space, through a pidfd. Any value is the mark. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} secd_policy_doomed SEC(".maps");

static __always_inline void doom(struct task_struct *leader)
{
	__u32 *mark = bpf_task_storage_get(&secd_policy_doomed, leader, NULL,
					   BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (mark)
		*mark = 1;
	else
		count(SECD_COUNTER_STORAGE_FULL);
}

static __always_inline bool is_doomed(struct task_struct *task)
{
	return bpf_task_storage_get(&secd_policy_doomed, task->group_leader, NULL, 0) != NULL;
}

/*
 * The running process made `child`: a marked one was in the middle of it when its mark came. A child outside
 * the scope is nobody's to kill.
 */
static __always_inline int doom_forked(struct task_struct *child)
{
	if (kload(child, pid) == kload(child, tgid) && is_doomed(bpf_get_current_task_btf()) &&
	    is_task_inside(child))
		doom(child);
	return 0;
}

/* Any system call, while somebody is marked. */
static __always_inline int doom_called(void)
{
	if (is_doomed(bpf_get_current_task_btf()))
		bpf_send_signal(SECD_SIGKILL);
	return 0;
}

#endif
