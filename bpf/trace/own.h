/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom policies leave alone: the daemon, with which their enforcement would end, the first process, and
 * everybody outside the daemon's scope.
 */
#ifndef SECD_TRACE_OWN_H
#define SECD_TRACE_OWN_H

#include "../kernel/access.h"
#include "../lib/agent.h"
#include "../lib/scope.h"
#include "work.h"

/* In the initial pid namespace. The kernel panics when it ends (kernel/exit.c, do_exit). */
#define POLICY_FIRST_PROCESS 1

static __always_inline __u32 current_tgid(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return kload(task, tgid);
}

/* A function of its own: what it loads would take stack from its callers, who have none left. */
__noinline int policy_scope_holds(void)
{
	return task_in_scope(bpf_get_current_task_btf());
}

/* Whether the running process is outside. Where the daemon has no scope the verifier removes this. */
static __always_inline bool is_outside(void)
{
	return (secd_agent.net_scope || secd_agent.cgroup_scope) && !policy_scope_holds();
}

/*
 * A call of the daemon: a policy about writes would judge the writing of its own events, for ever. Only at
 * hooks that always run for their caller; others run in interrupts, too, where the daemon stands for anybody.
 */
static __always_inline bool is_own_call(const struct policy_work *work, const struct secd_policy_hook *hook)
{
	struct task_struct *task = kcast(task_struct, work->task);

	switch (hook->mechanism) {
	case SECD_POLICY_BY_SYS_ENTER:
	case SECD_POLICY_BY_SYS_EXIT:
	case SECD_POLICY_BY_SYSCALL_POINT:
	case SECD_POLICY_BY_CGROUP:
	case SECD_POLICY_BY_UPROBE:
	case SECD_POLICY_BY_GUARD:
		return kload(task, tgid) == secd_agent.pid;
	default:
		return false;
	}
}

/* What could end the first process: where programs are changed, that too. */
#ifdef SECD_POLICY_CHANGES
#define POLICY_FIRST_SPARED SECD_POLICY_ENFORCES
#else
#define POLICY_FIRST_SPARED (SECD_POLICY_ENFORCES & ~SECD_POLICY_OVERRIDE)
#endif

/* Whether actions are told instead of done: all of them at the daemon, signals at the first process. */
static __always_inline bool is_spared(__u32 actions)
{
	__u32 tgid = current_tgid();

	return tgid == secd_agent.pid || (tgid == POLICY_FIRST_PROCESS && (actions & POLICY_FIRST_SPARED));
}

#endif
