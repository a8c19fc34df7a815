/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Judging for another process than the running one: it waits, and the daemon's thread that answers for it
 * runs the program. Included before the engine, whose questions about the running task are turned here to the
 * one that waits.
 *
 * The task is held by reference while the program runs, and read through plain pointers. Where a helper wants
 * a pointer that the verifier trusts, the task is looked up again.
 */
#ifndef SECD_TRACE_SUBJECT_H
#define SECD_TRACE_SUBJECT_H

#include "../kernel/access.h"
#include "../abi/policy_subject.h"
#include "../kernel/trace_types.h"

#define SECD_POLICY_OF_SUBJECT

extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
/* enum pid_type, as the kernel's own type: 6.13+. */
enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
	PIDTYPE_PGID,
	PIDTYPE_SID,
	PIDTYPE_MAX,
};
extern int bpf_send_signal_task(struct task_struct *task, int signal, enum pid_type type,
				__u64 value) __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct secd_policy_subject);
} secd_policy_subject SEC(".maps");

static __always_inline struct secd_policy_subject *policy_subject(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&secd_policy_subject, &zero);
}

/* The daemon's thread, whose descriptors the subject's file stands among. */
static __always_inline struct task_struct *answering_task(void)
{
	return bpf_get_current_task_btf();
}

static __always_inline __u64 subject_address(void)
{
	struct secd_policy_subject *subject = policy_subject();

	return subject ? subject->task : 0;
}

static __always_inline struct task_struct *subject_task(void)
{
	return kcast(task_struct, subject_address());
}

static __always_inline __u64 subject_pid_tgid(void)
{
	struct secd_policy_subject *subject = policy_subject();

	return subject ? (__u64)subject->tgid << 32 | subject->tid : 0;
}

/* What a map has for the process that waits: the engine's storage belongs to leaders, but for notices. */
static __always_inline void *subject_storage(void *map, __u64 flags)
{
	struct secd_policy_subject *subject = policy_subject();
	struct task_struct *leader = subject ? bpf_task_from_pid(subject->tgid) : NULL;
	void *value;

	if (!leader)
		return NULL;
	value = bpf_task_storage_get(map, leader, NULL, flags);
	bpf_task_release(leader);
	return value;
}

/* The same for the thread that waits. */
static __always_inline void *subject_thread_storage(void *map, __u64 flags)
{
	struct secd_policy_subject *subject = policy_subject();
	struct task_struct *task = subject ? bpf_task_from_pid(subject->tid) : NULL;
	void *value;

	if (!task)
		return NULL;
	value = bpf_task_storage_get(map, task, NULL, flags);
	bpf_task_release(task);
	return value;
}

/* It meets the signal before its call goes on. */
static __always_inline long subject_signal(__u32 signal)
{
	struct secd_policy_subject *subject = policy_subject();
	struct task_struct *leader;
	long result = -1;

	if (!bpf_send_signal_task || !subject)
		return -1;
	leader = bpf_task_from_pid(subject->tgid);
	if (!leader)
		return -1;
	result = bpf_send_signal_task(leader, signal, PIDTYPE_TGID, 0);
	bpf_task_release(leader);
	return result;
}

/* Of another task the kernel tells its own stack only. */
static __always_inline long subject_stack(void *bytes, __u32 size, __u64 flags)
{
	struct secd_policy_subject *subject = policy_subject();
	struct task_struct *task = subject ? bpf_task_from_pid(subject->tid) : NULL;
	long result;

	if (!task)
		return -1;
	result = bpf_get_task_stack(task, bytes, size, flags);
	bpf_task_release(task);
	return result;
}

/* Memory of another program is not read: the running one's would be. Hidden from clang, which would leave
 * arguments out that only lead here, and the verifier misses them. */
static __always_inline long no_user_memory(void *bytes, __u32 size, const void *address)
{
	long failed = -1;

	asm volatile("" : "+r"(failed));
	return failed;
}

#define bpf_get_current_task_btf()                      subject_task()
#define bpf_get_current_task()                          subject_address()
#define bpf_get_current_pid_tgid()                      subject_pid_tgid()
#define bpf_task_storage_get(map, task, value, flags)   ((void)(task), subject_storage(map, flags))
#define bpf_send_signal(signal)                         subject_signal(signal)
#define bpf_get_task_stack(task, bytes, size, flags)    ((void)(task), subject_stack(bytes, size, flags))
#define bpf_probe_read_user(bytes, size, address)       no_user_memory(bytes, size, address)
#define bpf_probe_read_user_str(bytes, size, address)   no_user_memory(bytes, size, address)

#endif
