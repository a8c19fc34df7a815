/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * NotifyEnforcer: what a rule has decided about a thread waits with it until it makes one of the calls that
 * its policy names in `enforcers`. Of system calls that is seen where they begin, and by the guards on their
 * way (refuse.h): a rule may decide in between. Other functions have a guard of their own. It acts once.
 */
#ifndef SECD_TRACE_NOTICE_H
#define SECD_TRACE_NOTICE_H

#include "owner.h"
#include "refuse.h"
#include "signal.h"

/* Policies whose notices one thread can have at once. */
#define POLICY_NOTICES 8

struct policy_notice {
	__u32 enforcer;           /* 0 = none */
	__u16 error;              /* positive; 0 = none */
	__u16 signal;             /* 0 = none */
};

struct policy_notices {
	struct policy_notice notice[POLICY_NOTICES];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct policy_notices);
} secd_policy_notices SEC(".maps");

#ifdef SECD_POLICY_OF_SUBJECT
static __always_inline struct policy_notices *notices_of_thread(__u64 flags)
{
	return subject_thread_storage(&secd_policy_notices, flags);
}
#else
static __always_inline struct policy_notices *notices_of_thread(__u64 flags)
{
	return bpf_task_storage_get(&secd_policy_notices, bpf_get_current_task_btf(), NULL, flags);
}
#endif

/* Where a notice is written: over the one that its policy gave before, or where there is none any more. */
static __always_inline __u32 notice_place(struct policy_notices *notices, __u32 enforcer)
{
	__u32 place = POLICY_NOTICES;

	for (__u32 n = 0; n < POLICY_NOTICES; n++) {
		__u32 other = notices->notice[n].enforcer;

		if (other == enforcer)
			return n;
		if (place == POLICY_NOTICES && (!other || !is_enforced(other, SECD_POLICY_ENFORCED_ALIVE)))
			place = n;
	}
	return place;
}

/*
 * A rule notifies: at the next of its policy's calls the running thread gets the error and the signal. A call
 * of them that is running is met as well: by the signal now, by the error where it still comes by a guard.
 * `notice` is a signal, and below it (SECD_POLICY_NOTICE_SIGNAL) an error.
 */
__noinline int policy_notify(struct policy_work *work, __u32 enforcer, __u32 notice)
{
	__u32 signal = notice >> SECD_POLICY_NOTICE_SIGNAL, error = notice & SECD_ERRNO_MASK;
	struct policy_notices *notices;
	__u32 place;

	if (!work)
		return 0;
	/* Whose calls are meant is not who runs. */
	if (is_aside(work)) {
		work->flags |= SECD_POLICY_EVENT_FAILED;
		return 0;
	}
#if !defined(SECD_POLICY_NO_SIGNALS) && !defined(SECD_POLICY_OF_SUBJECT)
	if (signal && is_enforced(enforcer, call_position(bpf_get_current_task_btf()))) {
		send_signal(work, signal, SECD_POLICY_EVENT_SIGNALLED);
		signal = 0;
	}
#endif
	if (!(signal | error))
		return 0;
	notices = notices_of_thread(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!notices) {
		count(SECD_COUNTER_STORAGE_FULL);
		work->flags |= SECD_POLICY_EVENT_FAILED;
		return 0;
	}
	place = notice_place(notices, enforcer);
	if (place >= POLICY_NOTICES) {
		count(SECD_COUNTER_MAP_FULL);
		work->flags |= SECD_POLICY_EVENT_FAILED;
		return 0;
	}
	bounded(place, POLICY_NOTICES - 1);
	notices->notice[place].enforcer = enforcer;
	notices->notice[place].error = error;
	notices->notice[place].signal = signal;
	return 0;
}

/*
 * The running thread makes a call: what waits for it is over, signals are sent. Returns the error that the
 * call shall get, and above it whose that is; 0 = none.
 */
static __noinline __u64 notices_take(__u32 call)
{
	struct policy_notices *notices = notices_of_thread(0);
	__u64 taken = 0;

	if (!notices)
		return 0;
	for (__u32 n = 0; n < POLICY_NOTICES; n++) {
		struct policy_notice *notice = &notices->notice[n];
		__u32 enforcer = notice->enforcer;

		if (!enforcer || !is_enforced(enforcer, call))
			continue;
		notice->enforcer = 0;
#ifndef SECD_POLICY_NO_SIGNALS
		if (notice->signal)
			bpf_send_signal(notice->signal);
#endif
		if (notice->error)
			taken = (__u64)enforcer << 32 | notice->error;
	}
	return taken;
}

/* What waits for the running call becomes its refusal: all of its guards tell the same. */
static __always_inline int notices_refuse_call(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 taken = notices_take(call_position(task));
	__s32 verdict = -(__s32)(taken & SECD_ERRNO_MASK);

	if (taken && !refusal_of_notice(task, taken >> 32, verdict))
		count(SECD_COUNTER_STORAGE_FULL);
	return verdict;
}

/* A guard is passed: by a call that is meant, or because its function is. */
static __always_inline int notices_at_guard(void)
{
	int verdict;

	if (!notices_of_thread(0))
		return 0;
	verdict = notices_refuse_call();
	return verdict ? verdict : -(__s32)(notices_take(secd_policy_setup.hook) & SECD_ERRNO_MASK);
}

/* A place of cgroup programs is passed: true where what stands for its function is to fail. */
static __always_inline bool notices_at_place(__u32 place)
{
	return notices_of_thread(0) && notices_take(SECD_POLICY_ENFORCED_PLACES + place);
}

/* A call begins that some policy names. */
static __always_inline int notices_at_call(void)
{
	return notices_of_thread(0) ? notices_refuse_call() : 0;
}

#endif
