/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who does it: the running process as the records of sockets and files name it. */
#ifndef SECD_LIB_ACTOR_H
#define SECD_LIB_ACTOR_H

#include "process.h"
#include "scope.h"

struct actor {
	struct secd_image image;
	__u64 key;               /* actor_key */
	__u64 cgroup_id;
	__u32 tid;
	__u32 uid;
	__u32 net_ns;
	__u32 reserved;
};

/*
 * Tells one image from another with two loads instead of a look at its record: the process
 * number, and the count of execs (self_exec_id), because a shell started over an inherited
 * socket is a new user of it.
 */
static __always_inline __u64 actor_key(struct task_struct *task)
{
	return (__u64)kload(task, tgid) << 32 | (__u32)kload(task, self_exec_id);
}

/* Whether this task's doings are told: neither the daemon's own nor out of scope. */
static __always_inline bool actor_watched(struct task_struct *task)
{
	return (__u32)kload(task, tgid) != secd_agent.pid && task_in_scope(task);
}

static __always_inline void actor_image(struct secd_image *image, struct task_struct *task)
{
	struct secd_process *process = process_of(task);
	__u64 start_ns;
	__u32 pid;

	if (process && process->image.start_ns) {
		*image = process->image;
		return;
	}
	/* Not reached by the iterator yet: the kernel's start time is what it will find. */
	count(SECD_COUNTER_NO_PROCESS);
	start_ns = kload(task, group_leader, start_boottime);
	pid = kload(task, tgid);
	/* Else clang makes one load of both branches, from two kinds of pointer. */
	asm volatile("" : "+r"(start_ns), "+r"(pid));
	image->start_ns = start_ns;
	image->pid = pid;
	image->reserved = 0;
}

static __always_inline void actor_of(struct actor *actor, struct task_struct *task)
{
	struct nsproxy *proxy = kload(task, nsproxy);

	actor_image(&actor->image, task);
	actor->key = actor_key(task);
	actor->cgroup_id = task_cgroup_id(plain(task));
	actor->tid = kload(task, pid);
	actor->uid = kload(task, cred, uid.val);
	actor->net_ns = proxy ? kload(proxy, net_ns, ns.inum) : 0;
	actor->reserved = 0;
}

/* A global function: verified once for each program, not at each of its calls. */
__noinline int actor_of_current(struct actor *actor)
{
	if (actor)
		actor_of(actor, bpf_get_current_task_btf());
	return 0;
}

/* The running task; `actor` must be initialised, because older verifiers ask for that. */
static __always_inline void actor_read(struct actor *actor)
{
	actor_of_current(actor);
}

#endif
