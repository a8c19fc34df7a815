/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The record of a process (struct secd_process): in its slot, or, where another process has that
 * slot, in task storage of the group leader.
 *
 * A thread other than the leader that calls execve becomes the leader and takes over its number,
 * so a slot stays. The old leader's storage dies: process/exec.h moves the record before that.
 */
#ifndef SECD_LIB_PROCESS_H
#define SECD_LIB_PROCESS_H

#include "../kernel/access.h"
#include "../abi/process.h"
#include "agent.h"
#include "counters.h"
#include "credentials.h"
#include "hierarchy.h"
#include "namespaces.h"
#include "scope.h"
#include "slot.h"

/* PF_KTHREAD, include/linux/sched.h. */
#define SECD_PF_KTHREAD 0x00200000

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct secd_process);
} secd_processes SEC(".maps");

/* The record of a task's process, or NULL. `task` must be a trusted pointer. */
static __always_inline struct secd_process *process_of(struct task_struct *task)
{
	struct secd_process *process = slot_of(kload(task, tgid));

	if (process)
		return process;
	return bpf_task_storage_get(&secd_processes, task->group_leader, NULL, 0);
}

/* The record of the running process, or NULL with a counter. */
static __always_inline struct secd_process *current_process(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_process *process = process_of(task);

	if (!process)
		count(SECD_COUNTER_NO_PROCESS);
	return process;
}

/* The record in storage, made if there is none; then all of it is 0. */
static __always_inline struct secd_process *process_in_storage(struct task_struct *task)
{
	struct secd_process *process = bpf_task_storage_get(&secd_processes, task, NULL,
							    BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!process)
		count(SECD_COUNTER_STORAGE_FULL);
	return process;
}

/* A record for a process that just began, or the one that the iterator was quicker to make. */
static __always_inline struct secd_process *process_begin(struct task_struct *leader)
{
	struct secd_process *process = slot_claim(kload(leader, tgid), kload(leader, start_boottime));

	return process ? process : process_in_storage(leader);
}

/* The record of the process that `leader` leads, made if there is none; then start_ns is 0. */
static __always_inline struct secd_process *process_create(struct task_struct *leader)
{
	struct secd_process *process = process_of(leader);

	return process ? process : process_begin(leader);
}

/* Takes back a record that was just made. */
static __always_inline void process_forget(struct task_struct *leader)
{
	struct secd_process *process = slot_of(kload(leader, tgid));

	if (process)
		process->image.pid = 0;
	else
		bpf_task_storage_delete(&secd_processes, leader);
}

static __always_inline void usage_add_thread(struct secd_usage *sum, struct task_struct *task)
{
	sum->cpu_ns += kload(task, se.sum_exec_runtime);
	if (!bpf_core_field_exists(task->ioac.rchar)) /* CONFIG_TASK_IO_ACCOUNTING is off */
		return;
	sum->read_chars += kload(task, ioac.rchar);
	sum->write_chars += kload(task, ioac.wchar);
	sum->read_bytes += kload(task, ioac.read_bytes);
	sum->write_bytes += kload(task, ioac.write_bytes);
}

/* What the ended threads of a process used, by the kernel's own sum: exact while nobody ends. */
static __always_inline void usage_of_dead(struct secd_usage *sum, struct task_struct *task)
{
	const struct signal_struct *signal = pload(task, signal);

	sum->cpu_ns = kload(signal, sum_sched_runtime);
	if (!bpf_core_field_exists(signal->ioac.rchar))
		return;
	sum->read_chars = kload(signal, ioac.rchar);
	sum->write_chars = kload(signal, ioac.wchar);
	sum->read_bytes = kload(signal, ioac.read_bytes);
	sum->write_bytes = kload(signal, ioac.write_bytes);
}

static __always_inline void usage_subtract(struct secd_usage *out, const struct secd_usage *total,
					   const struct secd_usage *base)
{
	out->cpu_ns = total->cpu_ns - base->cpu_ns;
	out->read_chars = total->read_chars - base->read_chars;
	out->write_chars = total->write_chars - base->write_chars;
	out->read_bytes = total->read_bytes - base->read_bytes;
	out->write_bytes = total->write_bytes - base->write_bytes;
}

/*
 * Whether a task descends from PID 1 of its pid namespace: PID 1 does by definition, and its
 * children inherit while they stay in the namespace. Who enters from outside (nsenter, exec
 * into a container) comes from a parent in another namespace and does not.
 */
static __always_inline bool in_init_tree(struct task_struct *parent, __u32 parent_flags,
					 struct task_struct *child, __u32 *pid_in_ns,
					 struct pid_namespace **pid_ns)
{
	__u32 parent_number;

	*pid_ns = task_pid_ns(child, pid_in_ns);
	if (*pid_in_ns == 1)
		return true;
	if (task_pid_ns(parent, &parent_number) != *pid_ns)
		return false;
	/* PID 1 itself may have no record: hardened kernels leave it out of the task iterator. */
	return parent_number == 1 || (parent_flags & SECD_IMAGE_INIT_TREE);
}

/*
 * Whether a program that begins in this mount namespace belongs to the container whose cgroup it is in. A
 * runtime's helpers (runc:[0:PARENT], runc:[1:CHILD]) are in the cgroup before the container's first program,
 * and were executed in the host's mount namespace.
 */
static __always_inline __u32 own_mounts(__u32 mnt_ns)
{
	return !secd_agent.host_mnt || mnt_ns != secd_agent.host_mnt ? SECD_IMAGE_OWN_MOUNTS : 0;
}

static __always_inline __u32 task_own_mounts(struct task_struct *task)
{
	struct nsproxy *proxy = kload(task, nsproxy);

	return own_mounts(proxy ? kload(proxy, mnt_ns, ns.inum) : 0);
}

/* Generations that are climbed at most for a process whose fork was not seen. */
#define SECD_GENERATIONS_MAX 256

struct init_tree_walk {
	__u64 task;
	__u64 pid_ns;
	__u32 found;
	__u32 reserved;
};

static long init_tree_step(__u32 index, struct init_tree_walk *walk)
{
	struct task_struct *task = kcast(task_struct, walk->task), *parent;
	__u32 number;

	if ((__u64)task_pid_ns(task, &number) != walk->pid_ns)
		return 1; /* somebody entered the namespace from outside */
	if (number == 1) {
		walk->found = 1;
		return 1;
	}
	parent = kload(task, real_parent);
	parent = kcast(task_struct, parent);
	walk->task = (__u64)kload(parent, group_leader);
	return walk->task == (__u64)task;
}

/* The same from the kernel's present parents, for processes whose fork was not seen. */
static __always_inline bool in_init_tree_now(struct task_struct *leader)
{
	__u32 number;
	struct init_tree_walk walk = {
		.task = (__u64)leader,
		.pid_ns = (__u64)task_pid_ns(leader, &number),
	};

	if (kload(leader, flags) & SECD_PF_KTHREAD)
		return false;
	bpf_loop(SECD_GENERATIONS_MAX, init_tree_step, &walk, 0);
	return walk.found;
}

/* The parent as the kernel says now, for those whose own record nobody made. */
static __always_inline void process_parent_now(struct secd_process *process,
					       struct task_struct *leader)
{
	/* real_parent is the thread that forked; identity belongs to its leader. */
	struct task_struct *parent = kload(leader, real_parent, group_leader);

	process->parent.start_ns = kload(parent, start_boottime);
	process->parent.pid = kload(parent, tgid);
}

/*
 * Makes the record of a process whose fork was not seen: one that is older than the programs
 * and that the iterator has not reached yet. Its parent is what the kernel says now.
 */
static __always_inline void process_reconstruct(struct secd_process *process,
						struct task_struct *leader)
{
	process->image.start_ns = kload(leader, start_boottime);
	process->image.pid = kload(leader, tgid);
	process->process_start_ns = process->image.start_ns;
	process_parent_now(process, leader);
	usage_of_dead(&process->dead, plain(leader));
	process->flags |= SECD_IMAGE_SEEDED | SECD_IMAGE_RECONSTRUCTED | task_own_mounts(leader);
	if (in_init_tree_now(leader))
		process->flags |= SECD_IMAGE_INIT_TREE;
	if (kload(leader, flags) & SECD_PF_KTHREAD)
		process->flags |= SECD_IMAGE_KERNEL_THREAD;
	/* Where it began nobody saw: where it is when it is met first stands for that. */
	if (!is_task_inside(leader))
		process->flags |= SECD_IMAGE_OUT_OF_SCOPE;
	credentials_read(&process->credentials, kload(leader, cred));
}

#endif
