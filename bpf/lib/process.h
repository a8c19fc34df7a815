/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The record of a process (struct secd_process): in its slot, or, where another process has that
 * slot, in a table by its number. A thread other than the leader that calls execve becomes the
 * leader and takes over its number, so records stay where they are.
 *
 * Not in task storage, which is the leader's: the verifier looks three milliseconds for whether
 * task->group_leader is trusted, in each of sixty programs (see plain() in kernel/access.h).
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

/* Records beside the slots: with them 49,000 processes at once; their buckets take 512 KiB. */
#define SECD_PROCESSES_MAX 32768

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SECD_PROCESSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct secd_process);
} secd_processes SEC(".maps");

/*
 * Processes of the table that ended last, by number. Like a slot their records rest a while: an
 * ended process still closes its files. Each that ends takes the place of one that ended long ago.
 */
#define SECD_ENDED_PROCESSES 256 /* a power of two */

struct secd_ended {
	__u32 count; /* of all that ever ended */
	__u32 pids[SECD_ENDED_PROCESSES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct secd_ended);
} secd_ended_processes SEC(".maps");

/* What a record in the table begins as: too large for the stack. */
static const struct secd_process secd_no_process;

/* The record of a task's process, or NULL. */
static __always_inline struct secd_process *process_of(struct task_struct *task)
{
	__u32 pid = kload(task, tgid);
	struct secd_process *process = slot_of(pid);

	return process ? process : bpf_map_lookup_elem(&secd_processes, &pid);
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

/*
 * The record in the table of a process that began at `start_ns`: as it is if it is there already,
 * else empty but for that. NULL with a counter where the table is full.
 */
static __always_inline struct secd_process *process_beside(__u32 pid, __u64 start_ns)
{
	struct secd_process *process = bpf_map_lookup_elem(&secd_processes, &pid);

	/* Of one that ended, here or before the iterator found it. */
	if (process && process->process_start_ns && process->process_start_ns != start_ns) {
		bpf_map_delete_elem(&secd_processes, &pid);
		process = NULL;
	}
	if (!process) {
		bpf_map_update_elem(&secd_processes, &pid, &secd_no_process, BPF_NOEXIST);
		process = bpf_map_lookup_elem(&secd_processes, &pid);
	}
	if (!process) {
		count(SECD_COUNTER_STORAGE_FULL);
		return NULL;
	}
	process->process_start_ns = start_ns;
	return process;
}

/* A record for a process that just began, or the one that the iterator was quicker to make. */
static __always_inline struct secd_process *process_begin(struct task_struct *leader)
{
	__u64 start_ns = kload(leader, start_boottime);
	__u32 pid = kload(leader, tgid);
	struct secd_process *process = slot_claim(pid, start_ns);

	return process ? process : process_beside(pid, start_ns);
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
	__u32 pid = kload(leader, tgid);
	struct secd_process *process = slot_of(pid);

	if (process)
		process->image.pid = 0;
	else
		bpf_map_delete_elem(&secd_processes, &pid);
}

/* Lets the record of an ended process go, later, and that of another now. A slot rests by itself. */
static __always_inline void process_rest(struct secd_process *process, __u32 pid)
{
	__u32 key = 0, index;
	struct secd_ended *ended;

	if (process == slot_of(pid))
		return;
	ended = bpf_map_lookup_elem(&secd_ended_processes, &key);
	if (!ended)
		return;
	index = __sync_fetch_and_add(&ended->count, 1) & (SECD_ENDED_PROCESSES - 1);
	pid = __sync_lock_test_and_set(&ended->pids[index], pid);
	process = bpf_map_lookup_elem(&secd_processes, &pid);
	/* Another process may have got the number since. */
	if (process && process->exited)
		bpf_map_delete_elem(&secd_processes, &pid);
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
	__u64 start_ns = kload(leader, start_boottime);

	process->image.pid = kload(leader, tgid);
	process->process_start_ns = start_ns;
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
	/* Last: from here on others take it for whole. An exec on another CPU may have been quicker. */
	__sync_val_compare_and_swap(&process->image.start_ns, 0, start_ns);
}

#endif
